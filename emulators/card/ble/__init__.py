"""Card readers on Bluetooth LE: two published profiles, and an air in which `bleak` finds them without hardware.

`fidesmo` and `acr1255` hold both ends of a profile without I/O; `radio` the link between them; `backend` makes
`bleak` use that link, `host` speaks to a reader through `bleak`, be it ours or one made of plastic.
"""
