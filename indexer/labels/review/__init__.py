"""Which photos a person should look at next, what the answers prove, and when to stop.

uncertainty.py  how unsure a model is of each photo
diversity.py    many unsure photos that differ from one another
typical.py      photos to begin with
strategies.py   the ways to choose, by name
suspect.py      labels that are probably wrong (confident learning)
audit.py        photos set apart by lot, never learned from, that tell how good the model is
stop.py         when the audit proves enough, however often it is looked at
answers.py      what a person answered, from a file
pool.py         a catalog's photos as a review sees them
learn.py        learning from what was given, the audit left out
asking.py       the photos of one page
"""
