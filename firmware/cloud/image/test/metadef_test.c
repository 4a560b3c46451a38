/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata definitions. */
#include "firmware/cloud/image/test/harness.h"

#define METADEFS "/image/v2/metadefs/"
#define NS METADEFS "namespaces/OS::Test"
#define NS_BODY "{\"namespace\":\"OS::Test\",\"visibility\":\"public\"}"

static int namespace_teardown(void **state)
{
	token = NULL;
	call("PUT", NS, NULL, NULL, NS_BODY);
	call("DELETE", NS, NULL, NULL, NULL);
	return teardown(state);
}

static void namespace_make(void)
{
	expect("POST", METADEFS "namespaces", NULL, NS_BODY, 201, "/v2/schemas/metadefs/namespace");
}

static void test_namespace(void **state)
{
	yyjson_val *shown;

	(void)state;
	expect("POST", METADEFS "namespaces", NULL,
	       "{\"namespace\":\"OS::Test\",\"visibility\":\"public\",\"protected\":true,"
	       "\"resource_type_associations\":[{\"name\":\"OS::Glance::Image\",\"prefix\":\"p_\"}],"
	       "\"properties\":{\"a\":{\"title\":\"A\",\"type\":\"string\"}},"
	       "\"objects\":[{\"name\":\"o\"}],\"tags\":[{\"name\":\"t\"}]}",
	       201, "\"protected\":true");
	shown = get(NS, 200);
	assert_true(json_is(shown, "visibility", "public"));
	assert_non_null(yyjson_obj_get(yyjson_obj_get(shown, "properties"), "a"));
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(shown, "objects")), 1);
	shown = get(NS "?resource_type=OS::Glance::Image", 200);
	assert_non_null(yyjson_obj_get(yyjson_obj_get(shown, "properties"), "p_a"));
	expect("GET", NS "/properties/p_a?resource_type=OS::Glance::Image", NULL, NULL, 200, "A");
	expect("GET", NS "/properties/a?resource_type=OS::Glance::Image", NULL, NULL, 404,
	       "does not start with");
	expect("GET", METADEFS "namespaces?resource_types=OS::Glance::Image", NULL, NULL, 200,
	       "OS::Test");
	assert_int_equal(
		yyjson_arr_size(yyjson_obj_get(
			get(METADEFS "namespaces?resource_types=OS::Other", 200), "namespaces")),
		0);
	expect("POST", METADEFS "namespaces", NULL, NS_BODY, 409, "namespace=OS::Test already");
	expect("DELETE", NS, NULL, NULL, 403, "is protected and cannot be deleted");
	expect("DELETE", NS "/objects/o", NULL, NULL, 403, "object o is protected");
	expect("PUT", NS, NULL, NS_BODY, 200, "\"protected\":false");
	expect("DELETE", NS, NULL, NULL, 204, NULL);
	expect("GET", NS, NULL, NULL, 404, "Metadata definition namespace=OS::Test was not found.");
	expect("DELETE", NS, NULL, NULL, 404, "Namespace OS::Test not found");
}

static void test_refusals(void **state)
{
	static const struct refusal cases[] = {
		{ "", 400, "Body expected" },
		{ "{}", 400, "is a required property" },
		{ "{\"namespace\":\"x\",\"self\":\"y\"}", 403, "is read-only" },
		{ "{\"namespace\":\"x\",\"visibility\":\"shared\"}", 400, "is not one of" },
		{ "{\"namespace\":\"x\",\"color\":\"y\"}", 400, "Additional properties" },
		{ "{\"namespace\":\"x\",\"properties\":{\"a\":{}}}", 400,
		  "is a required property" },
	};

	(void)state;
	expect_refusals(METADEFS "namespaces", cases, ARRAY_LENGTH(cases));
}

static void test_objects(void **state)
{
	(void)state;
	namespace_make();
	expect("POST", NS "/objects", NULL, "{\"name\":\"o\",\"description\":\"d\"}", 201,
	       "/v2/metadefs/namespaces/OS::Test/objects/o");
	expect("POST", NS "/objects", NULL, "{\"name\":\"o\"}", 409, "object with name=o already");
	expect("PUT", NS "/objects/o", NULL, "{\"name\":\"p\"}", 200, "\"required\":[]");
	expect("GET", NS "/objects/o", NULL, NULL, 404, "object with name=o was not found in");
	expect("GET", NS "/objects", NULL, NULL, 200, "\"objects\":[{\"name\":\"p\"");
	expect("DELETE", NS "/objects", NULL, NULL, 204, NULL);
	expect("GET", NS "/objects", NULL, NULL, 200, "\"objects\":[]");
	expect("GET", METADEFS "namespaces/none/objects", NULL, NULL, 404,
	       "Metadata definition namespace=none was not found.");
}

static void test_properties(void **state)
{
	(void)state;
	namespace_make();
	expect("POST", NS "/properties", NULL, "{\"name\":\"a\"}", 400, "required property");
	expect("POST", NS "/properties", NULL,
	       "{\"name\":\"a\",\"title\":\"T\",\"type\":\"string\",\"enum\":[\"x\"]}", 201,
	       "\"title\":\"T\"");
	expect("PUT", NS "/properties/a", NULL,
	       "{\"name\":\"a\",\"title\":\"U\",\"type\":\"string\"}", 200, "\"title\":\"U\"");
	assert_non_null(
		yyjson_obj_get(yyjson_obj_get(get(NS "/properties", 200), "properties"), "a"));
	expect("DELETE", NS "/properties/a", NULL, NULL, 204, NULL);
	expect("DELETE", NS "/properties/a", NULL, NULL, 404, "property with name=a was not");
	expect("GET", METADEFS "namespaces/none/properties", NULL, NULL, 404,
	       "Namespace none not found");
}

static void test_tags(void **state)
{
	(void)state;
	namespace_make();
	expect("POST", NS "/tags", NULL, "{\"tags\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", 201,
	       "\"b\"");
	expect("POST", NS "/tags", NULL, "{\"tags\":[{\"name\":\"a\"},{\"name\":\"A\"}]}", 409,
	       "case insensitive");
	expect("POST", NS "/tags/B", NULL, NULL, 409, "tag with name=B already exists");
	expect("POST", NS "/tags/c", NULL, NULL, 201, "\"name\":\"c\"");
	expect("PUT", NS "/tags/c", NULL, "{\"name\":\"d\"}", 200, "\"name\":\"d\"");
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(get(NS "/tags", 200), "tags")), 3);
	expect("DELETE", NS "/tags/d", NULL, NULL, 204, NULL);
	expect("POST", NS "/tags", NULL, "{\"tags\":[{\"name\":\"z\"}]}", 201, NULL);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(get(NS "/tags", 200), "tags")), 1);
	expect("DELETE", NS "/tags", NULL, NULL, 204, NULL);
	expect("GET", NS "/tags", NULL, NULL, 200, "\"tags\":[]");
}

static void test_resource_types(void **state)
{
	(void)state;
	namespace_make();
	expect("GET", METADEFS "resource_types", NULL, NULL, 200, "OS::Nova::Server");
	expect("POST", NS "/resource_types", NULL, "{\"name\":\"My::Own\",\"prefix\":\"x\"}", 201,
	       "\"prefix\":\"x\"");
	expect("POST", NS "/resource_types", NULL, "{\"name\":\"My::Own\"}", 409, "already exists");
	expect("GET", METADEFS "resource_types", NULL, NULL, 200, "My::Own");
	expect("GET", NS "/resource_types", NULL, NULL, 200, "\"resource_type_associations\":[{");
	expect("DELETE", NS "/resource_types/My::Own", NULL, NULL, 204, NULL);
	expect("DELETE", NS "/resource_types/My::Own", NULL, NULL, 404,
	       "Failed to find resource type My::Own to delete");
}

static void test_others_read(void **state)
{
	(void)state;
	namespace_make();
	token = member_token;
	get(NS, 200);
	expect("POST", NS "/objects", NULL, "{\"name\":\"o\"}", 403, "add_metadef_object");
	expect("POST", METADEFS "namespaces", NULL, NS_BODY, 403, "add_metadef_namespace");
	expect("DELETE", NS, NULL, NULL, 403, "delete_metadef_namespace");
	token = NULL;
	expect("PUT", NS, NULL, "{\"namespace\":\"OS::Test\",\"visibility\":\"private\"}", 200,
	       NULL);
	token = member_token;
	expect("GET", NS, NULL, NULL, 404, "could not be found");
	expect("GET", NS "/objects", NULL, NULL, 404, "Namespace OS::Test not found");
	expect("DELETE", NS, NULL, NULL, 404, "Namespace OS::Test not found");
	assert_int_equal(
		yyjson_arr_size(yyjson_obj_get(get(METADEFS "namespaces", 200), "namespaces")), 0);
}

static void test_rename(void **state)
{
	(void)state;
	namespace_make();
	expect("POST", NS "/objects", NULL, "{\"name\":\"o\"}", 201, NULL);
	expect("PUT", NS, NULL, "{\"namespace\":\"Other\"}", 200, "\"private\"");
	expect("GET", METADEFS "namespaces/Other/objects/o", NULL, NULL, 200, NULL);
	expect("DELETE", METADEFS "namespaces/Other", NULL, NULL, 204, NULL);
}

static void test_pages(void **state)
{
	yyjson_val *page;
	char body[64];

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(body, sizeof(body), "{\"namespace\":\"page%d\"}", i);
		expect("POST", METADEFS "namespaces", NULL, body, 201, NULL);
	}
	page = get(METADEFS "namespaces?limit=2&sort_key=namespace&sort_dir=asc", 200);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(page, "namespaces")), 2);
	assert_non_null(strstr(json_string(page, "next"), "marker=page1"));
	expect("GET", METADEFS "namespaces?marker=none", NULL, NULL, 404, "namespace=none");
	expect("GET", METADEFS "namespaces?visibility=x", NULL, NULL, 400, "Invalid visibility");
	for (int i = 0; i < 3; i++) {
		snprintf(body, sizeof(body), METADEFS "namespaces/page%d", i);
		expect("DELETE", body, NULL, NULL, 204, NULL);
	}
}

static void test_schemas(void **state)
{
	static const struct {
		const char *path, *name;
	} schemas[] = {
		{ "metadefs/namespace", "namespace" },
		{ "metadefs/namespaces", "namespaces" },
		{ "metadefs/object", "object" },
		{ "metadefs/objects", "objects" },
		{ "metadefs/property", "property" },
		{ "metadefs/properties", "properties" },
		{ "metadefs/tag", "tag" },
		{ "metadefs/tags", "tags" },
		{ "metadefs/resource_type", "resource_type_association" },
		{ "metadefs/resource_types", "resource_type_associations" },
		{ "task", "task" },
		{ "tasks", "tasks" },
	};
	char target[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(schemas); i++) {
		snprintf(target, sizeof(target), "/image/v2/schemas/%s", schemas[i].path);
		assert_true(json_is(get(target, 200), "name", schemas[i].name));
	}
	expect("GET", "/image/v2/schemas/metadefs/other", NULL, NULL, 404, NULL);
}

#define NS_TEST(name) cmocka_unit_test_teardown(name, namespace_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NS_TEST(test_namespace),   NS_TEST(test_refusals), NS_TEST(test_objects),
		NS_TEST(test_properties),  NS_TEST(test_tags),     NS_TEST(test_resource_types),
		NS_TEST(test_others_read), NS_TEST(test_rename),   NS_TEST(test_pages),
		NS_TEST(test_schemas),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
