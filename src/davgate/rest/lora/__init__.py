"""LoRA: objects of Danish municipalities by the OIO standards, with what was true when and what was known when.

Translation only: how periods are merged ``model.bitemporal.merging`` decides, what a registration is
``core.bitemporal.registrations``. Start reading at ``operations``; ``finding`` says which class an address means, ``parameters``
what may be asked for, ``rendering`` how a registration is shown.
"""
