"""Dialogues and letters made by rule, so that a small model learns the program's own requests.

Facts are generated, sentences come from the training text or from a bank of sentences in three registers, and the
answer always follows from the request: nothing is in it that was not given, and nothing that was given is lost.
"""
