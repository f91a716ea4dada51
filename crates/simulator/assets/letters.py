"""Cuts the letters that the simulated cards need out of WenQuanYi Micro Hei: letters.py wqy-microhei.ttc letters.ttf

The letters are those of src/person.rs and src/drawing/*.rs. The font has no 䶮; it is set here from 龙 above 天.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection

source, target = sys.argv[1:]
program = Path(__file__).parent.parent / "src"
files = [program / "person.rs", *sorted((program / "drawing").glob("*.rs"))]
wanted = {letter for file in files for letter in file.read_text() if ord(letter) > 127}
wanted |= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. ")

font = TTCollection(source).fonts[0]
known, glyphs = font.getBestCmap(), font.getGlyphSet()
pen = TTGlyphPen(glyphs)
for letter, shape in (("龙", (0.94, 0, 0, 0.5, 60, 850)), ("天", (0.94, 0, 0, 0.52, 60, -90))):
    glyphs[known[ord(letter)]].draw(TransformPen(pen, shape))
made = known[ord("龘")]
font["glyf"][made] = pen.glyph()
font["hmtx"][made] = font["hmtx"][known[ord("天")]]
for table in font["cmap"].tables:
    if table.isUnicode():
        table.cmap[ord("䶮")] = made

options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, name_IDs=[0, 1, 2, 13, 14])
cutter = subset.Subsetter(options)
cutter.populate(text="".join(sorted(wanted)))
cutter.subset(font)
font.save(target)
missing = sorted(letter for letter in wanted if ord(letter) not in font.getBestCmap())
print(len(wanted), "letters; missing:", "".join(missing))
