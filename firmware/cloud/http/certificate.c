/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/certificate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mbedtls/asn1.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"

#define NOT_BEFORE "20200101000000"
#define NOT_AFTER "20491231235959" /* the last that fits in UTCTime */
#define PEM_MAX 8192
#define SUBJECT_MAX 64
#define PUBLIC_MAX 128 /* of a P-256 key in DER, and more */

static int from_mbedtls(struct error *error, const char *what, int result)
{
	return error_set(error, -EIO, "%s failed: mbedTLS -0x%04x", what, (unsigned)-result);
}

static int random_from_kernel(void *context, unsigned char *data, size_t size)
{
	(void)context;
	random_bytes(data, size);
	return 0;
}

void certificate_name_add(struct certificate_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], name) == 0)
			return;
	if (names->count < CERTIFICATE_NAMES_MAX && *name)
		names->names[names->count++] = name;
}

/* --- files: whole or not at all */

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			size -= (size_t)written;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int sync_directory(const char *directory)
{
	CLEANUP_FD int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int save(const char *directory, const char *file, mode_t mode, const char *text,
		struct error *error)
{
	char path[256], temporary[272];
	CLEANUP_FD int fd = -1;
	int result;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return error_errno(error, "create %s", temporary);
	result = write_all(fd, text, strlen(text));
	if (result < 0) {
		unlink(temporary); /* a full disk has no room for halves */
		return error_set(error, result, "write %s: %s", temporary, strerror(-result));
	}
	if (rename(temporary, path) < 0)
		return error_errno(error, "rename to %s", path);
	return sync_directory(directory);
}

static int load_key(const char *directory, const char *file, mbedtls_pk_context *key)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return mbedtls_pk_parse_keyfile(key, path, NULL, random_from_kernel, NULL);
}

static int load_certificate(const char *directory, const char *file, mbedtls_x509_crt *certificate)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return mbedtls_x509_crt_parse_file(certificate, path);
}

/* --- making */

static int make_key(const char *directory, const char *file, mbedtls_pk_context *key,
		    struct error *error)
{
	unsigned char pem[2048];
	int result = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

	if (result == 0)
		result = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
					     random_from_kernel, NULL);
	if (result == 0)
		result = mbedtls_pk_write_key_pem(key, pem, sizeof(pem));
	if (result != 0)
		return from_mbedtls(error, "making a key", result);
	result = save(directory, file, 0600, (char *)pem, error);
	explicit_bzero(pem, sizeof(pem));
	return result;
}

static int ensure_key(const char *directory, const char *file, mbedtls_pk_context *key,
		      bool *changed, struct error *error)
{
	if (load_key(directory, file, key) == 0)
		return 0;
	mbedtls_pk_free(key);
	mbedtls_pk_init(key);
	*changed = true;
	return make_key(directory, file, key, error);
}

static int set_common(mbedtls_x509write_cert *writer, mbedtls_pk_context *subject,
		      mbedtls_pk_context *issuer)
{
	unsigned char serial[16];
	int result;

	random_bytes(serial, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x01; /* positive, and never shorter */
	mbedtls_x509write_crt_set_version(writer, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(writer, subject);
	mbedtls_x509write_crt_set_issuer_key(writer, issuer);
	result = mbedtls_x509write_crt_set_serial_raw(writer, serial, sizeof(serial));
	if (result == 0)
		result = mbedtls_x509write_crt_set_validity(writer, NOT_BEFORE, NOT_AFTER);
	if (result == 0)
		result = mbedtls_x509write_crt_set_subject_key_identifier(writer);
	return result ? result : mbedtls_x509write_crt_set_authority_key_identifier(writer);
}

static int write_ca(mbedtls_pk_context *key, char *pem, size_t size)
{
	char name[SUBJECT_MAX], uuid[UUID_SIZE];
	mbedtls_x509write_cert writer;
	int result;

	/* A name of its own for each box: clients keep authorities apart by name. */
	uuid_make(uuid);
	snprintf(name, sizeof(name), "CN=Cumulet CA %.8s,O=Cumulet", uuid);
	mbedtls_x509write_crt_init(&writer);
	result = set_common(&writer, key, key);
	if (result == 0)
		result = mbedtls_x509write_crt_set_subject_name(&writer, name);
	if (result == 0)
		result = mbedtls_x509write_crt_set_issuer_name(&writer, name);
	if (result == 0)
		result = mbedtls_x509write_crt_set_basic_constraints(&writer, 1, 0);
	if (result == 0)
		result = mbedtls_x509write_crt_set_key_usage(
			&writer, MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN);
	if (result == 0)
		result = mbedtls_x509write_crt_pem(&writer, (unsigned char *)pem, size,
						   random_from_kernel, NULL);
	mbedtls_x509write_crt_free(&writer);
	return result;
}

static int make_ca(const char *directory, mbedtls_pk_context *key, struct error *error)
{
	char pem[PEM_MAX];
	int result = write_ca(key, pem, sizeof(pem));

	if (result != 0)
		return from_mbedtls(error, "making the certificate authority", result);
	log_info("tls", "certificate authority made", "file=%s/ca.pem", directory);
	return save(directory, "ca.pem", 0644, pem, error);
}

/* --- subject alternative names */

struct alternatives {
	mbedtls_x509_san_list list[CERTIFICATE_NAMES_MAX];
	unsigned char addresses[CERTIFICATE_NAMES_MAX][16];
};

static void set_alternative(struct alternatives *all, size_t i, const char *name)
{
	mbedtls_x509_subject_alternative_name *node = &all->list[i].node;
	size_t length = inet_pton(AF_INET, name, all->addresses[i]) == 1    ? 4
			: inet_pton(AF_INET6, name, all->addresses[i]) == 1 ? 16
									    : 0;

	node->type = length ? MBEDTLS_X509_SAN_IP_ADDRESS : MBEDTLS_X509_SAN_DNS_NAME;
	node->san.unstructured_name.p =
		length ? all->addresses[i] : (unsigned char *)(uintptr_t)name;
	node->san.unstructured_name.len = length ? length : strlen(name);
	if (i)
		all->list[i - 1].next = &all->list[i];
}

static void set_alternatives(struct alternatives *all, const struct certificate_names *names)
{
	memset(all, 0, sizeof(*all));
	for (size_t i = 0; i < names->count; i++)
		set_alternative(all, i, names->names[i]);
}

static bool has_name(const mbedtls_x509_crt *certificate, const mbedtls_x509_buf *name)
{
	const mbedtls_x509_sequence *there = &certificate->subject_alt_names;

	for (; there; there = there->next)
		if (there->buf.len == name->len && memcmp(there->buf.p, name->p, name->len) == 0)
			return true;
	return false;
}

/* Names that it has beyond these do no harm: at boot the addresses are not known yet, and writing
 * a certificate twice at every boot would wear the flash. */
static bool has_names(const mbedtls_x509_crt *certificate, const struct certificate_names *names)
{
	struct alternatives wanted;

	set_alternatives(&wanted, names);
	for (size_t i = 0; i < names->count; i++)
		if (!has_name(certificate, &wanted.list[i].node.san.unstructured_name))
			return false;
	return true;
}

static int set_server_usage(mbedtls_x509write_cert *writer)
{
	mbedtls_asn1_sequence usage = {
		.buf = { .tag = MBEDTLS_ASN1_OID,
			 .len = MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH),
			 .p = (unsigned char *)(uintptr_t)MBEDTLS_OID_SERVER_AUTH },
	};
	int result = mbedtls_x509write_crt_set_ext_key_usage(writer, &usage);

	if (result == 0)
		result = mbedtls_x509write_crt_set_basic_constraints(writer, 0, -1);
	return result ? result
		      : mbedtls_x509write_crt_set_key_usage(writer,
							    MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
}

static int write_server(mbedtls_pk_context *key, mbedtls_pk_context *ca_key,
			const mbedtls_x509_crt *ca, const struct certificate_names *names,
			char *pem, size_t size)
{
	mbedtls_x509write_cert writer;
	struct alternatives all;
	char issuer[256];
	int result;

	set_alternatives(&all, names);
	mbedtls_x509write_crt_init(&writer);
	result = mbedtls_x509_dn_gets(issuer, sizeof(issuer), &ca->subject);
	if (result > 0)
		result = mbedtls_x509write_crt_set_issuer_name(&writer, issuer);
	if (result == 0)
		result =
			mbedtls_x509write_crt_set_subject_name(&writer, "CN=Cumulet API,O=Cumulet");
	if (result == 0)
		result = set_common(&writer, key, ca_key);
	if (result == 0)
		result = mbedtls_x509write_crt_set_subject_alternative_name(&writer, all.list);
	if (result == 0)
		result = set_server_usage(&writer);
	if (result == 0)
		result = mbedtls_x509write_crt_pem(&writer, (unsigned char *)pem, size,
						   random_from_kernel, NULL);
	mbedtls_x509write_crt_free(&writer);
	return result;
}

struct material {
	mbedtls_pk_context ca_key, key;
	mbedtls_x509_crt ca, certificate;
};

static void material_init(struct material *material)
{
	mbedtls_pk_init(&material->ca_key);
	mbedtls_pk_init(&material->key);
	mbedtls_x509_crt_init(&material->ca);
	mbedtls_x509_crt_init(&material->certificate);
}

static void material_free(struct material *material)
{
	mbedtls_x509_crt_free(&material->certificate);
	mbedtls_x509_crt_free(&material->ca);
	mbedtls_pk_free(&material->key);
	mbedtls_pk_free(&material->ca_key);
}

/* By their public halves, of which a key's file has its own: to work that out from the private one would
 * be most of what the start of the service takes. */
static bool pair_fits(mbedtls_x509_crt *certificate, mbedtls_pk_context *key)
{
	unsigned char one[PUBLIC_MAX], other[PUBLIC_MAX];
	int size = mbedtls_pk_write_pubkey_der(&certificate->pk, one, sizeof(one));

	/* Written at the end of the space. */
	return size > 0 && mbedtls_pk_write_pubkey_der(key, other, sizeof(other)) == size &&
	       memcmp(one + sizeof(one) - size, other + sizeof(other) - size, (size_t)size) == 0;
}

static int ensure_ca(const char *directory, struct material *material, bool *changed,
		     struct error *error)
{
	int result = ensure_key(directory, "ca.key", &material->ca_key, changed, error);

	if (result < 0)
		return result;
	if (!*changed && load_certificate(directory, "ca.pem", &material->ca) == 0 &&
	    pair_fits(&material->ca, &material->ca_key))
		return 0;
	*changed = true;
	mbedtls_x509_crt_free(&material->ca);
	mbedtls_x509_crt_init(&material->ca);
	result = make_ca(directory, &material->ca_key, error);
	if (result < 0)
		return result;
	result = load_certificate(directory, "ca.pem", &material->ca);
	return result ? from_mbedtls(error, "reading the new authority", result) : 0;
}

/* What clients are sent: the server's certificate, then the authority's. */
static int save_chain(const char *directory, char *chain, struct error *error)
{
	char path[256];
	CLEANUP_FD int fd = -1;
	size_t used = strlen(chain);
	ssize_t got;

	snprintf(path, sizeof(path), "%s/ca.pem", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, chain + used, 2 * PEM_MAX - used - 1);
	if (got < 0)
		return error_errno(error, "read %s", path);
	chain[used + (size_t)got] = '\0';
	return save(directory, "server.pem", 0644, chain, error);
}

static int issue_server(const char *directory, struct material *material,
			const struct certificate_names *names, struct error *error)
{
	char chain[2 * PEM_MAX];
	int result = write_server(&material->key, &material->ca_key, &material->ca, names, chain,
				  PEM_MAX);

	if (result != 0)
		return from_mbedtls(error, "issuing the server's certificate", result);
	log_info("tls", "server certificate issued", "names=%zu", names->count);
	return save_chain(directory, chain, error);
}

static int ensure_server(const char *directory, struct material *material,
			 const struct certificate_names *names, bool *changed, struct error *error)
{
	int result = ensure_key(directory, "server.key", &material->key, changed, error);
	bool stands;

	if (result < 0)
		return result;
	stands = !*changed &&
		 load_certificate(directory, "server.pem", &material->certificate) == 0 &&
		 pair_fits(&material->certificate, &material->key);
	if (stands && has_names(&material->certificate, names))
		return 0;
	*changed = true;
	result = issue_server(directory, material, names, error);
	if (result == 0 || !stands)
		return result;
	/* Better under the names that it has than not at all: a full disk can be mended by the API alone. */
	log_warning("tls", "the certificate stays as it was", "reason=%s",
		    log_quote(error != NULL ? error->message : strerror(-result)));
	*changed = false;
	return 0;
}

int certificate_ensure(const char *directory, const struct certificate_names *names, bool *changed,
		       struct error *error)
{
	struct material material;
	int result;

	*changed = false;
	material_init(&material);
	result = ensure_ca(directory, &material, changed, error);
	if (result == 0)
		result = ensure_server(directory, &material, names, changed, error);
	material_free(&material);
	return result;
}

int certificate_fingerprint(const char *directory, const char *file,
			    char fingerprint[static CERTIFICATE_FINGERPRINT_SIZE],
			    struct error *error)
{
	mbedtls_x509_crt certificate;
	unsigned char hash[32];
	int result;

	mbedtls_x509_crt_init(&certificate);
	result = load_certificate(directory, file, &certificate);
	if (result == 0)
		result = mbedtls_sha256(certificate.raw.p, certificate.raw.len, hash, 0);
	mbedtls_x509_crt_free(&certificate);
	if (result != 0)
		return from_mbedtls(error, "reading the certificate", result);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(fingerprint + 3 * i, 4, "%02X%s", hash[i],
			 i + 1 < sizeof(hash) ? ":" : "");
	return 0;
}
