"""Names for arrays of numbers, and for what the values of a feature are."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Times: TypeAlias = NDArray[np.datetime64]
#: Rows, by bin, category or feature.
Counts: TypeAlias = NDArray[np.int64]
#: Places in another array.
Index: TypeAlias = NDArray[np.int64]
#: Places of texts in a list of labels, which stand for them.
Codes: TypeAlias = NDArray[np.int64]

#: What the values of a feature are.
Kind = Literal["numerical", "categorical"]
