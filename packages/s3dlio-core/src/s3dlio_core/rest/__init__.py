"""What stores over HTTP share: errors of the wire, headers, XML, ranges, clocks and options.

Nothing in here speaks HTTP itself: that is s3dlio-http's, or whatever a backend takes.
"""
