"""Invented people's names, in the shapes of several languages.

Surnames are put together from parts, so their number is large and no list of names covers them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from pipeline.simulate.draw import pick


@dataclass(frozen=True)
class NameShape:
    """How people of one locale are called: `given` + `heads` with `tails`."""

    given: tuple[str, ...]
    heads: tuple[str, ...]
    tails: tuple[str, ...]

    def draw(self, draw: random.Random) -> tuple[str, str]:
        """Return a given name and a surname."""
        given, head, tail = (pick(draw, part) for part in (self.given, self.heads, self.tails))
        return given, head + (tail.title() if head.endswith("'") else tail)


def _words(text: str) -> tuple[str, ...]:
    return tuple("" if word == "-" else word for word in text.split())


SHAPES: dict[str, NameShape] = {
    "us": NameShape(
        _words(
            "Maribel Desmond Latoya Brandon Kaitlyn Terrence Shauna Wendell Priscilla Curtis "
            "Yvette Dwight Marisol Reginald Tabitha Clayton Rosalind Emmett Noreen Thaddeus"
        ),
        _words("Hather Brock Wither Lang Mar Ash Cold Thorn Pem Whit Haw Ren Stan Bram Hol Kirk"),
        _words("ford well ington brook ley worth combe stead man shaw ton field by den"),
    ),
    "gb": NameShape(
        _words(
            "Imogen Alistair Gwendolyn Rhys Philippa Callum Bronwen Nigel Saoirse Fergus Harriet "
            "Ewan Tamsin Declan Isla Barnaby Maeve Hamish"
        ),
        _words("Mac Fitz O' Pen Tre Ab Black Green Win Hart"),
        _words("allister gerald rourke hallow wyn bourne leigh thorpe wick stone lan"),
    ),
    "de": NameShape(
        _words(
            "Annegret Jürgen Katrin Uwe Heike Thorsten Sabine Holger Ulrike Matthias Friederike "
            "Dietmar Silke Volker Jörg Birgit"
        ),
        _words("Ober Nieder Stein Linden Eichen Kalten Brunn Hohen Alt Neu Rosen Wald"),
        _words("meier huber berger bach hofer mann müller thaler feld brunner rieder"),
    ),
    "fr": NameShape(
        _words(
            "Solène Thibault Amandine Gaëtan Clémence Baptiste Océane Romaric Élodie Yannick "
            "Capucine Aurélien Maëlys Fabrice"
        ),
        _words("Mont Beau Des Du La Ville Bois Font Char"),
        _words("champs pré rivière neuve clair mare court bonnier touret lois nier"),
    ),
    "es": NameShape(
        _words(
            "Nerea Joaquín Itziar Álvaro Rocío Gonzalo Marisa Íñigo Begoña Rubén Consuelo Fermín "
            "Leocadia Óscar"
        ),
        _words("Mend Barr Ech Orteg Zub Val Cast Riv Quint Sald"),
        _words("oza ientos everría uero iaga deras ellanos eros ana aña íbar"),
    ),
    "it": NameShape(
        _words(
            "Ludovica Gianmarco Ornella Fabrizio Mirella Ettore Serenella Nicolò Donata Gualtiero"
        ),
        _words("Ross Bell Mar Ferr Gall Lomb Cast Vent Pell"),
        _words("etti ucci inelli arini ardi onato urini egrini acci"),
    ),
    "pl": NameShape(
        _words(
            "Zbigniew Jadwiga Mieczysław Bożena Wojciech Grażyna Przemysław Halina Łukasz Danuta"
        ),
        _words("Kowal Wiśni Zieli Dąbr Leśn Górn Szcze Nowi"),
        _words("ewski owski ński icki czak pański ewicz"),
    ),
    "se": NameShape(
        _words("Gunilla Torbjörn Ingrid Håkan Solveig Lennart Åsa Ragnar Birgitta Stellan"),
        _words("Lind Berg Sjö Ek Sund Norr Häll Ny Ström"),
        _words("qvist ström gren lund berg dahl vall blad"),
    ),
    "in": NameShape(
        _words(
            "Ananya Raghavendra Lakshmi Siddharth Meenakshi Pranav Kavitha Venkatesh Nandini Arjun "
            "Sharmila Gopal"
        ),
        _words("Chandra Rama Krishna Subra Venkata Bala Raja Nara"),
        _words("sekhar nathan murthy manian raman swamy gopal yanan"),
    ),
    "br": NameShape(
        _words("Thaís Leandro Jussara Otávio Iracema Murilo Luzia Everton Rosângela Caio"),
        _words("Car Alme Fer Nog Mou Teix Guim Sam"),
        _words("valho ida nandes ueira ra eira arães paio reira"),
    ),
    "jp": NameShape(
        _words("Haruka Takeshi Ayumi Kenjiro Natsuki Shigeru Mizuki Daichi Chiyoko Ryosuke"),
        _words("Yama Taka Kawa Mori Naka Fuji Ishi Ue Haya"),
        _words("moto hashi mura shita guchi saki bayashi naga"),
    ),
}
