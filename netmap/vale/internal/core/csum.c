/*
 * The Internet checksum (RFC 1071): the ones' complement sum does not care in which byte order or how wide
 * the words are added, so they are added 32 bits at a time as they lie in memory.
 */
#include "vale.h"

uint64_t vale_csum_add(const uint8_t *p, uint32_t len, uint64_t sum)
{
	uint32_t word;
	uint16_t last = 0;

	for (; len >= 4; len -= 4, p += 4) {
		memcpy(&word, p, 4);
		sum += word;
	}
	if (len >= 2) {
		memcpy(&last, p, 2);
		sum += last;
		p += 2;
		len -= 2;
	}
	if (len > 0) {
		last = 0;
		memcpy(&last, p, 1);
		sum += last;
	}
	return sum;
}

uint16_t vale_csum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}
