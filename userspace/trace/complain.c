// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>

#include "trace/watch.h"

/* errno of what failed wins over the words: -1 lets callers return it. */
int complain(struct trace *t, int code, const char *what)
{
	if (code == EPERM || code == EACCES)
		what = "tracing is not permitted: run as root (CAP_BPF, CAP_PERFMON and access to "
		       "tracefs at the least)";
	snprintf(t->err, t->errlen, "%s", what);
	errno = code;
	return -1;
}
