"""Reads how much memory a server and its children hold, from the kernel's own records."""

from pathlib import Path

KIB_PER_MIB = 1024


def family(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(int(child) for child in children.read_text().split())
    return found


def resident_mib(pid: int) -> float:
    """Return the resident memory of the family now. Pages shared by several processes count for each."""
    return sum(_field(member, "VmRSS") for member in family(pid))


def peak_mib(pid: int) -> float:
    """Return the sum of each member's highest resident memory since ``forget_peak``."""
    return sum(_field(member, "VmHWM") for member in family(pid))


def forget_peak(pid: int) -> None:
    """Set the peak of each member of the family to what it holds now."""
    for member in family(pid):
        Path(f"/proc/{member}/clear_refs").write_text("5")


def _field(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) / KIB_PER_MIB
    return 0.0
