"""Two trees side by side: what `sync` and `check` are made of.

order       the order of keys, and listings that keep to it
disk_rows   rows in a temporary file: sorted, or kept for later
ahead       a listing that is read in a thread of its own
merge       two ascending streams as one
comparison  which object of one tree stands where in the other
check_run   what differs, without copying
check_report the outcome of that
sync_plan   from a comparison to what is copied, and what is left over
extras      what is left over at the destination, and what speaks against its deletion
sync_run    the copies, and then the deletions
overlap     whether one tree lies in the other
"""
