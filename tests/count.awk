# Counts the cases in CTest's log: cmocka's summary lines and "N passed, N failed" of other programs.
# A program that failed counts as one failed case at least; one that tells no number is one case, and
# so is a breach_*, whose output is a failure that was wanted.

function begin(name) {
	if (open)
		finish(0)
	open = 1
	wanted_breach = name ~ /^breach_/
	passed = failed = missing = 0
}

function finish(ok) {
	if (!open)
		return
	if (wanted_breach)
		passed = failed = 0
	ok = ok && !missing
	if (!ok && failed == 0)
		failed = 1
	if (ok && passed + failed == 0)
		passed = 1
	all_passed += passed
	all_failed += failed
	open = 0
}

!output && /^[0-9]+\/[0-9]+ Testing: / { begin($3) }
# a program that was never built: ctest fails, but its log says "Test Passed."
!output && /^Command: ""$/ { missing = 1 }
/^Output:$/ { output = 1 }
/^<end of output>$/ { output = 0 }

output && /^\[  PASSED  \] [0-9]+ test\(s\)\./ { passed += $4 }
output && /^\[  FAILED  \] .*[0-9]+ test\(s\), listed below:/ {
	match($0, /[0-9]+ test\(s\), listed/)
	failed += substr($0, RSTART) + 0
}
output && /^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }

!output && /^Test Pass(ed\.| Reason:)$/ { finish(1) }
!output && /^Test Fail(ed\.| Reason:)$/ { finish(0) }

END {
	finish(0)
	all_passed -= skipped
	# never say that all is well when ctest says that it is not
	if (ctest_status != 0 && all_failed == 0)
		all_failed = 1
	printf "%d passed, %d failed\n", all_passed, all_failed
	exit all_failed > 0 || all_passed == 0
}
