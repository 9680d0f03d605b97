"""The smallest integer type that holds a range."""

from qonnx.core.datatype import BaseDataType, DataType


def integer_range_dtype(low: int, high: int) -> BaseDataType:
    """Smallest integer type that holds every value from `low` to `high`: UINTn when `low` >= 0, else INTn."""
    if low >= 0:
        return DataType[f"UINT{max(1, int(high).bit_length())}"]
    return DataType[f"INT{1 + max(int(high).bit_length(), int(-low - 1).bit_length())}"]
