"""The commands, one file a verb or family. What only a run needs is imported inside it.

`s3dlio_cli.command_table` lists them, and says how to add one.
"""
