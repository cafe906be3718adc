# SPDX-License-Identifier: BSD-3-Clause
"""The kit for authors of resource types; nothing of any platform."""

from nepi.resource.annotations import (
    MaybeQuantity,
    MaybeWholeQuantity,
    Quantity,
    Value,
    WholeQuantity,
)
from nepi.resource.connecting import Dependency, check_complete, connect
from nepi.resource.declaring import Phase, attribute, internal
from nepi.resource.describing import (
    AttributeInfo,
    ConnectionInfo,
    RecordInfo,
    TraceInfo,
    TypeInfo,
    describe,
)
from nepi.resource.errors import (
    AlreadyAddedError,
    DeclarationError,
    FrozenAttributeError,
    ImpossibleConnectionError,
    InvalidValueError,
    MissingConnectionError,
    MissingValueError,
    NotDeployedError,
    ResourceError,
    RetiredTypeError,
    UnavailableBackendError,
    UnknownAttributeError,
    UnknownTraceError,
    UnknownTypeError,
)
from nepi.resource.model import Resource, resource
from nepi.resource.ports import Connects
from nepi.resource.records import Column, column, columns, kind_of_record, record
from nepi.resource.registry import Registry
from nepi.resource.traces import Trace, TraceFile
from nepi.resource.verbs import Binding, ForeignMomentError, Moment, Setter, Verb

__all__ = [
    "AlreadyAddedError",
    "AttributeInfo",
    "Binding",
    "Column",
    "ConnectionInfo",
    "Connects",
    "DeclarationError",
    "Dependency",
    "ForeignMomentError",
    "FrozenAttributeError",
    "ImpossibleConnectionError",
    "InvalidValueError",
    "MaybeQuantity",
    "MaybeWholeQuantity",
    "MissingConnectionError",
    "MissingValueError",
    "Moment",
    "NotDeployedError",
    "Phase",
    "Quantity",
    "RecordInfo",
    "Registry",
    "Resource",
    "ResourceError",
    "RetiredTypeError",
    "Setter",
    "Trace",
    "TraceFile",
    "TraceInfo",
    "TypeInfo",
    "UnavailableBackendError",
    "UnknownAttributeError",
    "UnknownTraceError",
    "UnknownTypeError",
    "Value",
    "Verb",
    "WholeQuantity",
    "attribute",
    "check_complete",
    "column",
    "columns",
    "connect",
    "describe",
    "internal",
    "kind_of_record",
    "record",
    "resource",
]
