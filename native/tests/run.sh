#!/bin/sh
# Runs each test program; exit 0 is a pass, 77 a skip, anything else a failure.
failed=0
for program in "$@"; do
    "$program"
    case $? in
    0) word=pass ;;
    77) word=skip ;;
    *) word=FAIL failed=1 ;;
    esac
    echo "$word $(basename "$program")"
done
exit $failed
