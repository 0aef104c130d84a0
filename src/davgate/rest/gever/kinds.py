"""The kinds of objects that the dialect has, and what core knows them by.

What came through another door has no kind of its own: a collection shows as a dossier, everything else as a document.
"""

from __future__ import annotations

from typing import Final

from davgate.core.describing import Described
from davgate.core.second_names import Alias
from davgate.model.frozen import frozen
from davgate.model.metadata import TITLE, Metadata
from davgate.model.node import ROOT_ID, NodeKind
from davgate.rest.gever.naming import slug

SITE: Final = "Plone Site"


@frozen
class Kind:
    """One ``@type``: its object type in the store, its states, and how it is called in addresses.

    One that is ``numbered`` counts by that word, any other is called by its title.
    """

    name: str
    object_type: str
    node_kind: NodeKind
    review_state: str
    state_label: str
    numbered: str = ""

    def alias(self, title: str) -> Alias:
        """Return what a new object of this kind with this title is to be called in addresses."""
        return Alias(self.numbered) if self.numbered else Alias("", slug(title) or self.name.rpartition(".")[2])


DOCUMENT: Final = Kind(
    "opengever.document.document",
    "gever:document",
    NodeKind.DOCUMENT,
    "document-state-draft",
    "Draft",
    numbered="document",
)
DOSSIER: Final = Kind(
    "opengever.dossier.businesscasedossier",
    "gever:businesscasedossier",
    NodeKind.COLLECTION,
    "dossier-state-active",
    "Active",
    numbered="dossier",
)
FOLDER: Final = Kind(
    "opengever.repository.repositoryfolder",
    "gever:repositoryfolder",
    NodeKind.COLLECTION,
    "repositoryfolder-state-active",
    "Active",
)
ROOT: Final = Kind(
    "opengever.repository.repositoryroot", "gever:repositoryroot", NodeKind.COLLECTION, "repositoryroot-state-active", "Active"
)
_SITE: Final = Kind(SITE, "", NodeKind.COLLECTION, "published", "Published")

KINDS: Final = {kind.name: kind for kind in (DOCUMENT, DOSSIER, FOLDER, ROOT)}
_BY_OBJECT_TYPE: Final = {kind.object_type: kind for kind in KINDS.values()}


def kind_of(it: Described) -> Kind:
    """Return the kind of what was described."""
    if it.node.id == ROOT_ID:
        return _SITE
    return _BY_OBJECT_TYPE.get(it.said.type or "") or (DOSSIER if it.node.is_collection else DOCUMENT)


def alias_of(object_type: str | None, metadata: Metadata) -> Alias | None:
    """Return what a copy is to be called in addresses; that of what came through another door goes by its name on the drive."""
    kind = _BY_OBJECT_TYPE.get(object_type or "")
    return None if kind is None else kind.alias(str(metadata.get(TITLE, "")))
