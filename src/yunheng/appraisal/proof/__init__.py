"""Evidence packs: all that a statement rests on in one zip that anybody can verify offline (docs/adr/0018)."""

from .packing import pack_chunks, write_pack
from .source import PackSource, source_of

__all__ = ["PackSource", "pack_chunks", "source_of", "write_pack"]
