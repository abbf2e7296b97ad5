"""The models behind the deployments: fetched as registered, opened only if that runs no code.

A pickle runs whatever its author put into it, with the rights of this app, so none is ever opened.
Models in the skops format are data: what they name is checked against a list before any of it is
made.
"""

from __future__ import annotations

import json
import math
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from monitoring.sources.failures import explained
from monitoring.sources.registry import container_path
from monitoring.workspace.registered_model import RegisteredModel, first_line

if TYPE_CHECKING:
    from monitoring.sources.azure import Azure
    from monitoring.workspace.models import ModelVersion

#: Besides what skops trusts by itself (estimators of scikit-learn, arrays): two that gradient-boosted
#: trees need. A partial is made of a function, which must be trusted itself; `check_array` only looks.
TRUSTED = (
    "functools.partial",
    "sklearn.utils.validation.check_array",
    # Node numbers in it are used without a check by scikit-learn, so `_check_trees` makes it.
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
#: Importances that were noted at training: a tag of the model version, or a file of the artifact.
IMPORTANCES_TAG = "feature_importances"
IMPORTANCES_FILE = "feature_importances.json"
LARGEST_BYTES = 512 * 2**20
LARGEST_UNPACKED_BYTES = 4 * LARGEST_BYTES
#: 256 categories, a bit each.
BITSET_WORDS = 8
_ROLE = "Storage Blob Data Reader on the storage account"
_HINT = "Store it with skops.io.dump(model, 'model.skops') next to the model's other files."


@dataclass
class Models:
    """Fetches registered models of the workspace from its container."""

    azure: Azure

    def load(self, model: ModelVersion) -> RegisteredModel:
        """Return a model version; one that cannot be opened says why, and keeps what else is known.

        Raises:
            SourceError: The workspace or the container did not answer.
        """
        name = str(model.id)
        importances = _noted(model.tags.get(IMPORTANCES_TAG))
        try:
            files = self._files(model)
            importances = importances or self._noted_file(files)
            estimator = self._opened(files)
        except _NotOpened as refusal:
            reason, hint = refusal.args
            return RegisteredModel(name, None, reason, hint, importances)
        return RegisteredModel(name, estimator, importances=importances)

    def _files(self, model: ModelVersion) -> dict[str, int]:
        """Return the artifact's files with their sizes, by their path in the file system."""
        if model.registry is not None:
            raise _NotOpened(
                f"it lies in the registry {model.registry!r}, whose storage this app does not read",
                "Deploy the version of the workspace, or copy its artifact there.",
            )
        what = f"the model {str(model.id)!r}"
        with explained(what, role="AzureML Data Scientist or Reader on the workspace"):
            found = self.azure.workspace_client.models.get(model.name, model.version)
        datastore, path = container_path(str(found.path or ""))
        with explained(f"the files of {what}", role=_ROLE):
            filesystem, root = self.azure.files()
            try:
                listed = filesystem.find(f"{root}/{path}", detail=True) if path else {}
            except FileNotFoundError:
                listed = {}
        if not listed:
            place = f"{path!r} of the datastore {datastore!r}" if datastore else repr(found.path)
            raise _NotOpened(
                f"nothing lies at {place} in the container that COLLECTED_DATA_URL names",
                "Register the model from a datastore in that container.",
            )
        return {str(path): int(entry["size"] or 0) for path, entry in listed.items()}

    def _noted_file(self, files: Mapping[str, int]) -> dict[str, float]:
        for path, size in files.items():
            if path.rpartition("/")[2] == IMPORTANCES_FILE and size < LARGEST_BYTES:
                return _noted(self._content(path).decode("utf-8", "replace"))
        return {}

    def _opened(self, files: Mapping[str, int]) -> Any:
        stored = [path for path in files if path.endswith(".skops")]
        if len(stored) != 1:
            raise _NotOpened(_what_is_there(files, len(stored)), _HINT)
        if files[stored[0]] > LARGEST_BYTES:
            raise _NotOpened(f"it is larger than {LARGEST_BYTES / 2**20:.0f} MB", "")
        return opened(self._content(stored[0]))

    def _content(self, path: str) -> bytes:
        with explained(f"the file {path.rpartition('/')[2]!r}", role=_ROLE):
            filesystem, _ = self.azure.files()
            return bytes(filesystem.cat_file(path))


class _NotOpened(Exception):  # noqa: N818 - an answer, not a fault
    """Why a model stays closed, and what to do about it."""


def opened(content: bytes) -> Any:
    """Return the estimator of a skops file.

    Raises:
        _NotOpened: It names types that are not trusted, is damaged, or was written for another
            version of scikit-learn.
    """
    try:
        _check_size(content)
        _check_types(content)
        estimator = _made(content)
    except _NotOpened:
        raise
    except Exception as error:  # a damaged file can fail anywhere in it
        raise _NotOpened(f"its file cannot be read ({first_line(error)})", _HINT) from error
    if not hasattr(estimator, "predict"):
        raise _NotOpened("its file holds no model that predicts", _HINT)
    return estimator


def _check_size(content: bytes) -> None:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED_BYTES:
            raise _NotOpened("it unpacks to more than this app takes", "")


def _check_types(content: bytes) -> None:
    import skops.io  # type: ignore[import-untyped] # noqa: PLC0415 - seconds, with scikit-learn

    found = skops.io.get_untrusted_types(data=content)
    if unknown := sorted(set(found) - set(TRUSTED)):
        raise _NotOpened(
            f"it is made of types that are not on the list of safe ones: {', '.join(unknown[:3])}",
            "Use estimators of scikit-learn only, or note importances at training"
            f" in {IMPORTANCES_FILE}.",
        )


def _made(content: bytes) -> Any:
    import skops.io  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it says so when another version wrote it
        estimator = skops.io.loads(content, trusted=list(TRUSTED))
        _check_trees(estimator)
    return estimator


def _check_trees(estimator: Any) -> None:
    """See that gradient-boosted trees point at their own nodes and features, and end.

    Raises:
        ValueError: One does not: it would read outside its memory, or not end.
    """
    features = _features_of(estimator)
    for part in _parts(estimator):
        if type(part).__name__ == "TreePredictor":
            if not _is_sound(part):
                raise ValueError("a tree of it is broken")
            asked = part.nodes["feature_idx"][part.nodes["is_leaf"] == 0]
            if (asked < 0).any() or (features is not None and (asked >= features).any()):
                raise ValueError("a tree of it asks for a feature that it does not have")


def _is_sound(tree: Any) -> bool:
    """Whether all that its nodes point at is there, and every way down ends."""
    nodes = tree.nodes
    inner, place = nodes[nodes["is_leaf"] == 0], np.flatnonzero(nodes["is_leaf"] == 0)
    below = np.maximum(inner["left"], inner["right"]) < len(nodes)
    # Children come after their parent, so that every way down ends.
    after = np.minimum(inner["left"], inner["right"]) > place
    bits = inner["bitset_idx"][inner["is_categorical"] != 0]
    sets = tree.raw_left_cat_bitsets, tree.binned_left_cat_bitsets
    known = bits < min(map(len, sets))
    return bool(
        len(nodes)
        and all(each.shape[1:] == (BITSET_WORDS,) for each in sets)
        and (below.all() and after.all() and known.all())
    )


def _features_of(estimator: Any) -> int | None:
    """Return the least number of columns that any boosted model in it takes."""
    counts = [
        min(int(part.n_features_in_), len(part._bin_mapper.bin_thresholds_))  # noqa: SLF001 - no other way
        for part in _parts(estimator)
        if hasattr(part, "_predictors")
    ]
    return min(counts, default=None)


def _parts(root: Any) -> Iterator[Any]:
    """Yield every object that an estimator holds, itself included."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, str | bytes | int | float | np.ndarray):
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, Mapping):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple | set):
            waiting.extend(part)
        elif hasattr(part, "__dict__"):
            waiting.extend(vars(part).values())


def _what_is_there(files: Mapping[str, int], stored: int) -> str:
    names = sorted(path.rpartition("/")[2] for path in files)
    if stored > 1:
        return f"{stored} files end in .skops, and it does not say which is the model"
    pickles = [n for n in names if n.endswith((".pkl", ".pickle", ".joblib"))]
    if pickles:
        return f"it is stored as a pickle ({pickles[0]}), which runs code when it is opened"
    return f"none of its files ({', '.join(names[:3])}) is a skops file"


def _noted(text: str | None) -> dict[str, float]:
    """Read importances that were noted as a JSON object; nothing if it is none."""
    try:
        found = json.loads(text or "{}")
        noted = {str(name): float(value) for name, value in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
    return {n: v for n, v in noted.items() if math.isfinite(v) and v >= 0}
