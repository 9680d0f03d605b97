"""Static timing of whole designs after open synthesis, from open data: an estimate, before any placement.

`delays/` holds the figures, each with its source; `figures` says what they make of a cell. `netlist` and `join` make
one flat netlist of a design's ops, `graph` and `paths` find its longest paths; `liberty` and `opensta` have OpenSTA
find them too. `design` is the whole, `report` puts it into words.
"""
