class Leases:
    slots: int
    used: int
    most: int
    due_s: int
    def end_due(self, now_s: int) -> None: ...
