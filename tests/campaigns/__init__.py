"""Campaigns: many ways to break a run, each of which must end with a correct result or with one sentence."""
