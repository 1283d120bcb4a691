// SPDX-License-Identifier: GPL-2.0
/*
 * A program in softkvm has pipes where its user may have a terminal. The client
 * says which (terminal__mark), the agent what they are called in there
 * (terminal__name), and who would show something on a terminal only asks here.
 */
#include "vmm/softkvm/terminal.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "vmm/softkvm.h"

#define MARK SOFTKVM_TTY_ENV "="

const char *terminal__mark(bool out, bool err)
{
	if (out)
		return err ? MARK "12" : MARK "1";
	return err ? MARK "2" : NULL;
}

/* "DEV:INO " of what @fd is, or nothing. */
static void put_name(int fd, char *buf, size_t size)
{
	struct stat st;

	buf[0] = '\0';
	if (!fstat(fd, &st))
		snprintf(buf, size, "%" PRIu64 ":%" PRIu64 " ", (u64)st.st_dev,
			 (u64)st.st_ino);
}

void terminal__name(void)
{
	const char *marked = getenv(SOFTKVM_TTY_ENV);
	char names[2 * TERMINAL_NAME_SIZE] = "";

	if (!marked)
		return;
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (strchr(marked, '0' + fd))
			put_name(fd, names + strlen(names), TERMINAL_NAME_SIZE);
	setenv(SOFTKVM_TTY_ENV, names, 1);
}

bool softkvm__is_tty(int fd)
{
	const char *names = getenv(SOFTKVM_TTY_ENV);
	char name[TERMINAL_NAME_SIZE];

	if (isatty(fd))
		return true;
	if (!names || !getenv(SOFTKVM_ENV))
		return false;
	put_name(fd, name, sizeof(name));
	return name[0] && strstr(names, name);
}
