// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the benchmark's guest: prints the guest's own clock and powers off.
 * Static, so that the ramdisk holds one file.
 */
#include <stdio.h>
#include <sys/reboot.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("\ninit at %ld us\n",
	       (long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	fflush(stdout);
	/* The kernel's last words must not get between ours. */
	tcdrain(STDOUT_FILENO);
	reboot(RB_POWER_OFF);
	pause();
	return 1;
}
