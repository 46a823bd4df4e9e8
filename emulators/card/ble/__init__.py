"""Card readers on Bluetooth LE: two published profiles, and an air in which `bleak` finds them without hardware.

`fidesmo` and `acr1255` are readers without I/O; `radio` is the link to them. `backend` makes `bleak` use that link at
once and in memory; `bumble_radio` and `bumble_backend` put a whole Bluetooth stack in between. `host` speaks to a
reader through `bleak`, be it ours or one made of plastic.
"""
