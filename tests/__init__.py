"""Tests of davgate: ``unit`` starts no server, ``protocol`` no program from outside, ``live`` real client programs."""
