"""What one end of a link has claimed of its present key block: clicks and pulses in, key out."""

from typing import Self

from qkdctl.records.base import Count, Name, Record
from qkdctl.records.report import Flag
from qkdctl.records.saturation import saturated
from qkdctl.records.session import End, SessionRecord


class KeyAccount(Record):
    """Sums over the session records of one key block, as one end claims them.

    Key is credited when the block proves it, which may be long after the clicks it is made from; so only the sums of a
    block bind each other, and only if no record of it is missing.

    Attributes:
        block: number of the block.
        sequence: of its last record.
        whole: 1 when every record of the block so far was seen.
        pulses, clicks, key_bits: sums; 0 unless whole.
    """

    link: Name
    end: End
    block: Count
    sequence: Count
    whole: Flag
    pulses: Count
    clicks: Count
    key_bits: Count

    @classmethod
    def of(cls, record: SessionRecord, *, whole: bool) -> Self:
        """An account that begins with this record, which is the first of its block if the account is whole."""
        sums = (record.pulses, record.clicks, record.secret_key_bits) if whole else (0, 0, 0)
        return cls(
            link=record.link,
            end=record.end,
            block=record.block,
            sequence=record.sequence,
            whole=int(whole),
            pulses=sums[0],
            clicks=saturated(sums[1]),
            key_bits=sums[2],
        )

    def after(self, record: SessionRecord) -> Self:
        """The account after the end's next record; one that is missing leaves it open until the next block."""
        follows = record.sequence == self.sequence + 1
        if record.block != self.block or not (follows and self.whole):
            return self.of(record, whole=follows and record.block != self.block)
        return self.model_copy(
            update={
                "sequence": record.sequence,
                "pulses": saturated(self.pulses + record.pulses),
                "clicks": saturated(self.clicks + record.clicks),
                "key_bits": saturated(self.key_bits + record.secret_key_bits),
            }
        )
