"""Mojaloop: pensions leave by the scheme adapter of the organisation, one transfer a payment, ours before it leaves.

`rail.MojaloopRail` is what the outside of this folder calls; `contract` says what it answers; `verdicts.classify`,
pure, decides what an answer of the adapter means. Source: *Mojaloop SDK scheme adapter*, outbound API.
"""
