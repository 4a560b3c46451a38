/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the EC2 and S3 services pass on: a JSON object, and a token of base64. */
#include <stddef.h>
#include <stdint.h>

#include "firmware/cloud/identity/signature.h"
#include "firmware/cloud/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	yyjson_val *request = json_parse(&arena, (const char *)data, size);
	const char *token = arena_strndup(&arena, (const char *)data, size);
	char signature[SIGNATURE_SIZE];

	if (request)
		signature_ec2(&arena, request, "host:1", "secret", signature);
	if (token)
		signature_s3(&arena, token, "secret", signature);
	return 0;
}
