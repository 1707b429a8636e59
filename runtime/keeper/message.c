#include "message.h"

#include <errno.h>
#include <string.h>

int keeper_decode(const void *message, size_t len, unsigned files, struct keeper_request *request)
{
	struct keeper_header h;
	const char *body = (const char *)message + sizeof(h);

	if (len < sizeof(h))
		return EBADMSG;
	memcpy(&h, message, sizeof(h));
	if (h.key_len > KEEPER_MAX_KEY || h.payload_len > KEEPER_MAX_PAYLOAD || h.files > KEEPER_MAX_FILES)
		return EBADMSG;
	if (len != sizeof(h) + h.key_len + h.payload_len || files != h.files || h.error != 0)
		return EBADMSG;
	switch (h.op) {
	case KEEPER_PUT:
		if (h.key_len == 0)
			return EBADMSG;
		break;
	case KEEPER_DELETE:
		if (h.key_len == 0 || h.payload_len != 0 || h.files != 0)
			return EBADMSG;
		break;
	case KEEPER_LIST:
	case KEEPER_SHUTDOWN:
		if (h.key_len != 0 || h.payload_len != 0 || h.files != 0)
			return EBADMSG;
		break;
	case KEEPER_PROGRAM:
		if (h.key_len != 0 || h.payload_len != 0 || h.files != 1)
			return EBADMSG;
		break;
	default:
		return EBADMSG;
	}
	*request = (struct keeper_request){
		.op = h.op,
		.files = h.files,
		.key_len = h.key_len,
		.payload_len = h.payload_len,
		.key = body,
		.payload = body + h.key_len,
	};
	return 0;
}
