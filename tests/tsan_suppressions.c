/*
 * tsan_suppressions.c - reports of ThreadSanitizer that are not ours
 *
 * Linked into every program of a build with --enable-sanitizers=thread that
 * uses libunbound. A file named in TSAN_OPTIONS would not do: a program that
 * has given up root cannot read it in a source tree below /root, and exits.
 */

/* ThreadSanitizer calls it before it is ready for instrumented code. */
const char	*__tsan_default_suppressions(void)
		    __attribute__((no_sanitize("thread")));

const char *
__tsan_default_suppressions(void)
{
	/*
	 * libunbound is not instrumented: how its thread hands over to the
	 * caller of ub_ctx_delete is not seen. Reported: ub_ctx_delete closes
	 * its pipe, which that thread has used in epoll_ctl. A thread of it
	 * that has ended by itself is not joined: the daemon exits then.
	 */
	return "race:libunbound.so\nthread:libunbound.so\n";
}
