"""Open files of the test itself: many connections need many."""
import resource


def allow(n):
    """Raises this process's limit to n. Fails, rather than letting a test do with fewer, when the hard limit is lower and may not be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < n:
        enough = hard == resource.RLIM_INFINITY or hard >= n
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard if enough else n))
        except (ValueError, OSError) as error:
            raise AssertionError(f"{n} open files are needed, and only {hard} are allowed: ulimit -Hn {n}") from error
