// SPDX-License-Identifier: GPL-2.0
/*
 * Encoding and checking of softkvm's records. Used by all three roles; no
 * state. Nothing here trusts the sender: the agent may be a guest gone wrong.
 */
#include "vmm/softkvm/proto.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct request_head {
	u32 session;
	u32 nr_argv, nr_envp, nr_rw;
	u32 umask, uid, gid;
	u32 pad;
};

static size_t strings_size(char *const *list, u32 nr)
{
	size_t size = 0;

	for (u32 i = 0; i < nr; i++)
		size += strlen(list[i]) + 1;
	return size;
}

static char *put_strings(char *to, char *const *list, u32 nr)
{
	for (u32 i = 0; i < nr; i++)
		to = stpcpy(to, list[i]) + 1;
	return to;
}

int sk_request__encode(const struct sk_request *req, void **ret_buf,
		       size_t *ret_len, struct kt_diag *diag)
{
	struct request_head head = {
		.nr_argv = req->nr_argv,
		.nr_envp = req->nr_envp,
		.nr_rw = req->nr_rw,
		.umask = req->umask,
		.uid = req->uid,
		.gid = req->gid,
	};
	size_t len = sizeof(head) + strlen(req->cwd) + 1 +
		     strings_size(req->argv, req->nr_argv) +
		     strings_size(req->envp, req->nr_envp) +
		     strings_size(req->rw, req->nr_rw);
	u64 nr = (u64)req->nr_argv + req->nr_envp + req->nr_rw;
	char *buf, *p;

	if (len > SK_MAX_REQUEST || nr > SK_MAX_STRINGS)
		return diag__fail(diag, -E2BIG,
				  "arguments and environment take %zu bytes in "
				  "%llu strings; softkvm passes at most %u in "
				  "%u",
				  len, (unsigned long long)nr, SK_MAX_REQUEST,
				  SK_MAX_STRINGS);
	buf = malloc(len);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, &head, sizeof(head));
	p = stpcpy(buf + sizeof(head), req->cwd) + 1;
	p = put_strings(p, req->argv, req->nr_argv);
	p = put_strings(p, req->envp, req->nr_envp);
	put_strings(p, req->rw, req->nr_rw);
	*ret_buf = buf;
	*ret_len = len;
	return 0;
}

/* Strings between @p and @end, the last of which ends in a NUL. */
static char **get_strings(char **p, const char *end, u32 nr)
{
	char **list = calloc((size_t)nr + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (u32 i = 0; i < nr; i++) {
		if (*p >= end) {
			free(list);
			errno = EBADMSG;
			return NULL;
		}
		list[i] = *p;
		*p += strlen(*p) + 1;
	}
	return list;
}

int sk_request__decode(void *payload, size_t len, struct sk_request *ret_req)
{
	char *p = payload, *end = p + len;
	struct request_head head;
	struct sk_request req = { 0 };

	if (len <= sizeof(head) || len > SK_MAX_REQUEST || end[-1])
		return -EBADMSG;
	memcpy(&head, p, sizeof(head));
	p += sizeof(head);
	if (!head.nr_argv ||
	    (u64)head.nr_argv + head.nr_envp + head.nr_rw > SK_MAX_STRINGS)
		return -EBADMSG;
	req.nr_argv = head.nr_argv;
	req.nr_envp = head.nr_envp;
	req.nr_rw = head.nr_rw;
	req.umask = head.umask;
	req.uid = head.uid;
	req.gid = head.gid;
	req.cwd = p;
	p += strlen(p) + 1;
	errno = ENOMEM;
	req.argv = get_strings(&p, end, head.nr_argv);
	if (req.argv)
		req.envp = get_strings(&p, end, head.nr_envp);
	if (req.envp)
		req.rw = get_strings(&p, end, head.nr_rw);
	if (!req.rw || p != end) {
		int err = req.rw ? -EBADMSG : -errno;

		sk_request__fini(&req);
		return err;
	}
	*ret_req = req;
	return 0;
}

void sk_request__fini(struct sk_request *req)
{
	free(req->argv);
	free(req->envp);
	free(req->rw);
	memset(req, 0, sizeof(*req));
}

static int send_all(int fd, struct iovec *iov, size_t nr)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = nr };

	while (msg.msg_iovlen) {
		ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		while (msg.msg_iovlen && (size_t)n >= msg.msg_iov->iov_len) {
			n -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (u8 *)msg.msg_iov->iov_base + n;
			msg.msg_iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

int sk_send(int fd, u32 type, const void *payload, size_t len)
{
	u8 hdr[WIRE_HDR_SIZE];
	struct iovec iov[2] = {
		{ .iov_base = hdr, .iov_len = sizeof(hdr) },
		{ .iov_base = (void *)(uintptr_t)payload, .iov_len = len },
	};

	if (len > SK_MAX_REQUEST)
		return -EMSGSIZE;
	wire__header(hdr, type, payload, (u32)len);
	return send_all(fd, iov, len ? 2 : 1);
}

int sk_send_word(int fd, u32 type, u32 session, u32 value)
{
	struct sk_word word = { .session = session, .value = value };

	return sk_send(fd, type, &word, sizeof(word));
}

bool sk_record__get(const struct wire_record *rec, void *to, size_t size)
{
	if (!rec->crc_ok || rec->len < size)
		return false;
	memcpy(to, rec->payload, size);
	return true;
}

u32 sk_record__session(const struct wire_record *rec)
{
	u32 session;

	return sk_record__get(rec, &session, sizeof(session)) ? session : 0;
}

size_t sk_fail__set(struct sk_fail *fail, u32 session, int err,
		    const char *text)
{
	size_t len = strnlen(text, sizeof(fail->text));

	fail->session = session;
	fail->err = err;
	memcpy(fail->text, text, len);
	return offsetof(struct sk_fail, text) + len;
}

int sk_record__fail_text(const struct wire_record *rec, struct kt_diag *diag)
{
	size_t head = offsetof(struct sk_fail, text);
	struct sk_fail fail;

	if (!sk_record__get(rec, &fail, head))
		return -EPROTO;
	if (fail.err >= 0 || fail.err < -4095)
		fail.err = -EPROTO;
	return diag__fail(diag, fail.err, "%.*s", (int)(rec->len - head),
			  (const char *)rec->payload + head);
}
