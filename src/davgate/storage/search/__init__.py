"""Finding documents and collections by what their current versions say: what they are found by, and conditions as SQL.

Start reading at ``searching``. A condition is taken apart into its shape and its values (``shapes``); a shape becomes clauses
(``criteria``), of which an index answers the best (``covers``). What is found is sorted by facts, properties and ``standing``.
``property_index`` keeps the rows that are looked into, in the commit that makes a version; ``text_functions`` looks into texts
in the same way on both engines.
"""
