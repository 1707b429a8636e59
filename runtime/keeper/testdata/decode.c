/*
 * Decodes messages under the sanitizers. Standard input: for each message its length and its number of
 * files, 32 bits each, then its bytes. Standard output: a line for each, the errno, or 0 with the
 * operation, key length, payload length and the sum of the bytes of both.
 */
#include "../message.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	uint32_t head[2];

	while (fread(head, sizeof(head), 1, stdin) == 1) {
		/* Exactly as long as the message, so that a read beyond it is seen. */
		char *message = malloc(head[0] ? head[0] : 1);
		struct keeper_request request;
		uint32_t sum = 0;
		int error;

		if (!message || fread(message, 1, head[0], stdin) != head[0])
			return 1;
		error = keeper_decode(message, head[0], head[1], &request);
		if (error) {
			printf("%d\n", error);
		} else {
			for (uint32_t i = 0; i < request.key_len; i++)
				sum += (unsigned char)request.key[i];
			for (uint32_t i = 0; i < request.payload_len; i++)
				sum += (unsigned char)request.payload[i];
			printf("0 %u %u %u %u\n", request.op, request.key_len, request.payload_len, sum);
		}
		free(message);
	}
	return 0;
}
