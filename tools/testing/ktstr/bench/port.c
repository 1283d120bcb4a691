// SPDX-License-Identifier: GPL-2.0
/*
 * port NAME MIB: how fast bytes leave a guest by the virtio console port NAME
 * when a program writes them, from a file in memory. As PID 1 of a machine,
 * where its words are on the kernel command line as port=NAME,MIB, it powers
 * off afterwards.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -1 : 0;
}

/* The port's device node, waited for up to ten seconds. */
static int open_port(const char *want)
{
	char path[300], name[64];
	const struct dirent *de;
	long end = now_us() + 10000000;

	do {
		DIR *dir = opendir("/sys/class/virtio-ports");

		while (dir && (de = readdir(dir))) {
			snprintf(path, sizeof(path),
				 "/sys/class/virtio-ports/%s/name", de->d_name);
			if (slurp(path, name, sizeof(name)))
				continue;
			name[strcspn(name, "\n")] = '\0';
			if (strcmp(name, want))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", de->d_name);
			closedir(dir);
			return open(path, O_WRONLY);
		}
		if (dir)
			closedir(dir);
		usleep(10000);
	} while (now_us() < end);
	return -1;
}

static char *make_file(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	static unsigned long block[8192];

	for (size_t i = 0; i < 8192; i++)
		block[i] = i * 0x9e3779b97f4a7c15UL;
	for (size_t at = 0; at < size; at += sizeof(block))
		if (write(fd, block, sizeof(block)) != sizeof(block))
			return MAP_FAILED;
	return mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
}

static int measure(const char *name, size_t size)
{
	char *data = make_file("/tmp/port-data", size);
	int fd = open_port(name);
	long start_us;

	if (fd < 0 || data == MAP_FAILED) {
		printf("port %s: cannot be opened, or no memory\n", name);
		return 1;
	}
	start_us = now_us();
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, data + at, size - at);

		if (n <= 0) {
			printf("port %s: write failed at %zu\n", name, at);
			return 1;
		}
		at += (size_t)n;
	}
	printf("port %s: %zu bytes in %ld us\n", name, size,
	       now_us() - start_us);
	return 0;
}

int main(int argc, char **argv)
{
	char cmdline[4096], name[64];
	const char *word;
	unsigned int mib;
	int status = 1;

	if (getpid() != 1)
		return argc == 3 ? measure(argv[1], (size_t)atoi(argv[2]) << 20)
				 : 2;
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	if (!slurp("/proc/cmdline", cmdline, sizeof(cmdline)) &&
	    (word = strstr(cmdline, "port=")) &&
	    sscanf(word, "port=%63[^,],%u", name, &mib) == 2)
		status = measure(name, (size_t)mib << 20);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	reboot(RB_POWER_OFF);
	pause();
	return status;
}
