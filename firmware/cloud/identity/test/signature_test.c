/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures of requests, against those that OpenStack's own client library makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/identity/signature.h"
#include "firmware/cloud/json.h"

#define SECRET "s3cret"
#define WHERE "\"host\":\"api.example.org:8773\",\"path\":\"/services/Cloud\","
#define SCOPE "AKID/20260101/east/ec2/aws4_request"

static const struct {
	const char *request, *signature; /* NULL: none can be made */
} cases[] = {
	{ "{\"verb\":\"GET\"," WHERE "\"params\":{\"SignatureVersion\":\"0\",\"Action\":"
	  "\"Describe\",\"Timestamp\":\"2026-01-01T00:00:00Z\"}}",
	  "8pFs0Uowb88RPUw7JTCJijsUvMA=" },
	{ "{\"verb\":\"GET\"," WHERE "\"params\":{\"SignatureVersion\":\"1\",\"b\":\"2 +é\","
	  "\"A\":\"x\",\"Max\":5}}",
	  "OsvavL04OKVkxR813myXpazz+24=" },
	{ "{\"verb\":\"GET\"," WHERE "\"params\":{\"SignatureVersion\":\"2\",\"b\":\"2 +é/~\","
	  "\"A\":\"x\",\"SignatureMethod\":\"other\",\"Max\":5}}",
	  "ZmRRUyndxJo6JiabHrisA1cCvi4o/tJ36mkMuNMv2+A=" },
	{ "{\"verb\":\"get\"," WHERE "\"params\":{\"Action\":\"List\",\"V\":\"a b\"},\"body_hash\":"
	  "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"headers\":{"
	  "\"Host\":\" api.example.org:8773 \",\"X-Amz-Date\":\"20260101T000000Z\","
	  "\"Authorization\":\"AWS4-HMAC-SHA256 Credential=" SCOPE ",SignedHeaders=host;missing;"
	  "x-amz-date,Signature=x\"}}",
	  "0ed304344f8d1ca15c26df290750ea95423c4c3702c9f9a0e7c2469d1906576b" },
	{ "{\"verb\":\"GET\"," WHERE "\"params\":{\"X-Amz-Algorithm\":\"AWS4-HMAC-SHA256\","
	  "\"X-Amz-Credential\":\"" SCOPE "\",\"X-Amz-SignedHeaders\":\"host\",\"X-Amz-Date\":"
	  "\"20260101T000000Z\"},\"headers\":{\"host\":\"h\"},\"body_hash\":\"00\"}",
	  "ddcc02fda6f075003f0f33a8b53111308f64533f81f020c2838fbf7c6769a517" },
	{ "{}", NULL },
	{ "{\"params\":{\"SignatureVersion\":\"9\"}}", NULL },
	{ "{\"params\":{\"SignatureVersion\":\"0\"}}", NULL },
	{ "{\"params\":{\"SignatureVersion\":\"2\"}}", NULL },
	{ "{\"params\":{\"X-Amz-Algorithm\":\"AWS4-HMAC-SHA256\"}}", NULL },
	/* another day than the scope's */
	{ "{\"verb\":\"GET\"," WHERE "\"params\":{\"X-Amz-Algorithm\":\"AWS4-HMAC-SHA256\","
	  "\"X-Amz-Credential\":\"" SCOPE "\",\"X-Amz-SignedHeaders\":\"host\",\"X-Amz-Date\":"
	  "\"20260102T000000Z\"},\"headers\":{\"host\":\"h\"},\"body_hash\":\"00\"}",
	  NULL },
};

static void requests_are_signed(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char made[SIGNATURE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		yyjson_val *request =
			json_parse(&arena, cases[i].request, strlen(cases[i].request));
		bool signs = signature_ec2(&arena, request, "api.example.org:8773", SECRET, made);

		assert_non_null(request);
		assert_int_equal(signs, cases[i].signature != NULL);
		if (signs)
			assert_string_equal(made, cases[i].signature);
	}
}

static void objects_are_signed(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char made[SIGNATURE_SIZE];

	(void)state;
	assert_true(signature_s3(&arena, "R0VUCgoKVGh1Ci9idWNrZXQ=", SECRET, made));
	assert_string_equal(made, "GTpmb5D+a1h7vtuKSjmNIzbLDRk=");
	assert_true(signature_s3(
		&arena,
		"QVdTNC1ITUFDLVNIQTI1NgoyMDI2MDEwMVQwMDAwMDBaCjIwMjYwMTAxL2Vhc3QvczMvYXdzNF9yZXF1"
		"ZXN0CjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"
		"MDAwMDAwMDA=",
		SECRET, made));
	assert_string_equal(made,
			    "914df3c2b484a716df44898336bcc77ea335998aecb362b0b72201c2d50221f3");
	assert_false(signature_s3(&arena, "not base64", SECRET, made));
	assert_false(signature_s3(&arena, "QVdTNC1ITUFDLVNIQTI1Ng==", SECRET, made));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(requests_are_signed),
					    cmocka_unit_test(objects_are_signed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
