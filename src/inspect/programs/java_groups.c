/* A table of names and groups; see the header. The groups are those of Maven Central. */
#include "inspect/programs/java_groups.h"

#include <string.h>

#define DEPTH_MAX 6u /* of folders that a group is looked for in */
#define LONG_PART 5u /* a name of so many letters is none by chance */

typedef struct {
  const char *names; /* with a space between; "*" at the end of one is for any end */
  const char *group;
  const char *folder; /* of its classes */
  const char *module; /* how Automatic-Module-Name begins; NULL: it has none */
} JavaGroup;

static const JavaGroup groups[] = {
    {"elasticsearch-rest-client elasticsearch-rest-client-sniffer "
     "elasticsearch-rest-high-level-client",
     "org.elasticsearch.client", "org/elasticsearch/client/", NULL},
    {"spring-aop spring-aspects spring-beans spring-context spring-context-indexer "
     "spring-context-support spring-core spring-expression spring-instrument spring-jcl "
     "spring-jdbc spring-jms spring-messaging spring-orm spring-oxm spring-r2dbc spring-test "
     "spring-tx spring-web spring-webflux spring-webmvc spring-webmvc-portlet spring-websocket",
     "org.springframework", "org/springframework/", "spring."},
    {"spring-boot spring-boot-*", "org.springframework.boot", "org/springframework/boot/",
     "spring.boot"},
    {"spring-security-*", "org.springframework.security", "org/springframework/security/",
     "spring.security."},
    {"spring-integration-*", "org.springframework.integration", "org/springframework/integration/",
     "spring.integration."},
    {"tomcat-embed-*", "org.apache.tomcat.embed", "org/apache/", "org.apache.tomcat.embed."},
    {"tomcat-*", "org.apache.tomcat", "org/apache/", "org.apache.tomcat."},
    {"bcprov-* bcpkix-* bcutil-* bcpg-* bcmail-* bctls-* bc-fips", "org.bouncycastle",
     "org/bouncycastle/", "org.bouncycastle."},
    {"hibernate-core hibernate-entitymanager hibernate-envers hibernate-c3p0 hibernate-ehcache",
     "org.hibernate", "org/hibernate/", "org.hibernate."},
    {"lucene-*", "org.apache.lucene", "org/apache/lucene/", "org.apache.lucene."},
    {"kafka-* kafka_*", "org.apache.kafka", "org/apache/kafka/", "kafka."},
    {"micrometer-*", "io.micrometer", "io/micrometer/", "micrometer."},
    {"reactor-core", "io.projectreactor", "reactor/core/", "reactor.core"},
    {"reactor-netty reactor-netty-*", "io.projectreactor.netty", "reactor/netty/", "reactor.netty"},
    {"kotlin-stdlib kotlin-stdlib-* kotlin-reflect", "org.jetbrains.kotlin", "kotlin/", "kotlin."},
    {"kotlinx-coroutines-*", "org.jetbrains.kotlinx", "kotlinx/coroutines/", "kotlinx.coroutines."},
    {"okhttp okhttp-*", "com.squareup.okhttp3", "okhttp3/", "okhttp3"},
    {"okio okio-*", "com.squareup.okio", "okio/", "okio"},
    {"retrofit", "com.squareup.retrofit2", "retrofit2/", "retrofit2"},
    {"elasticsearch elasticsearch-*", "org.elasticsearch", "org/elasticsearch/", NULL},
    {"mysql-connector-java", "mysql", "com/mysql/", NULL},
    {"mysql-connector-j", "com.mysql", "com/mysql/", NULL},
    {"postgresql", "org.postgresql", "org/postgresql/", "org.postgresql."},
    {"xercesImpl", "xerces", "org/apache/xerces/", NULL},
    {"xalan", "xalan", "org/apache/xalan/", NULL},
    {"ant ant-*", "org.apache.ant", "org/apache/tools/ant/", NULL},
    {"ivy", "org.apache.ivy", "org/apache/ivy/", NULL},
    {"h2", "com.h2database", "org/h2/", "com.h2database"},
    {"scala-library scala-compiler scala-reflect", "org.scala-lang", "scala/", "scala."},
    {"graphql-java", "com.graphql-java", "graphql/", "com.graphqljava"},
    {"grpc-*", "io.grpc", "io/grpc/", "io.grpc."},
    {"protobuf-java protobuf-java-* protobuf-javalite protobuf-kotlin", "com.google.protobuf",
     "com/google/protobuf/", "com.google.protobuf"},
    {"gson", "com.google.code.gson", "com/google/gson/", "com.google.gson"},
    {"RoaringBitmap shims", "org.roaringbitmap", "org/roaringbitmap/", "roaringbitmap"},
    {"annotations", "org.jetbrains", "org/jetbrains/annotations/", "org.jetbrains.annotations"},
    {"asm asm-*", "org.ow2.asm", "org/objectweb/asm/", "org.objectweb.asm"},
    {"aspectjweaver aspectjrt aspectjtools", "org.aspectj", "org/aspectj/", "org.aspectj."},
    {"checker checker-qual", "org.checkerframework", "org/checkerframework/",
     "org.checkerframework."},
    {"freemarker", "org.freemarker", "freemarker/", "freemarker"},
    {"graal-sdk", "org.graalvm.sdk", "org/graalvm/", "org.graalvm.sdk"},
    {"hadoop-shaded-*", "org.apache.hadoop.thirdparty", "org/apache/hadoop/thirdparty/", NULL},
    {"hadoop-client-runtime hadoop-client-api hadoop-client-minicluster", "org.apache.hadoop",
     "org/apache/hadoop/", NULL},
    {"hamcrest hamcrest-*", "org.hamcrest", "org/hamcrest/", "org.hamcrest"},
    {"jackson-core-asl jackson-mapper-asl jackson-jaxrs jackson-xc jackson-mrbean",
     "org.codehaus.jackson", "org/codehaus/jackson/", NULL},
    {"jackson-module-*", "com.fasterxml.jackson.module", "com/fasterxml/jackson/module/",
     "com.fasterxml.jackson.module."},
    {"jna jna-platform", "net.java.dev.jna", "com/sun/jna/", "com.sun.jna"},
    {"lz4-java", "org.lz4", "net/jpountz/", "org.lz4.java"},
    {"oro", "oro", "org/apache/oro/", NULL},
    {"xml-resolver", "xml-resolver", "org/apache/xml/resolver/", NULL},
    {"xz", "org.tukaani", "org/tukaani/xz/", "org.tukaani.xz"},
    {"caffeine", "com.github.ben-manes.caffeine", "com/github/benmanes/caffeine/",
     "com.github.benmanes.caffeine"},
    {"json-path", "com.jayway.jsonpath", "com/jayway/jsonpath/", "json.path"},
    {"mongo-java-driver mongodb-driver-* bson", "org.mongodb", "org/bson/", "org.mongodb."},
    {"poi poi-*", "org.apache.poi", "org/apache/poi/", "org.apache.poi."},
    {"quartz", "org.quartz-scheduler", "org/quartz/", "org.quartz"},
    {"spring-kafka spring-kafka-test", "org.springframework.kafka", "org/springframework/kafka/",
     "spring.kafka"},
    {"spring-amqp spring-rabbit spring-rabbit-*", "org.springframework.amqp",
     "org/springframework/amqp/", "spring."},
    {"spring-ldap-*", "org.springframework.ldap", "org/springframework/ldap/", "spring.ldap."},
    {"spring-session-*", "org.springframework.session", "org/springframework/session/",
     "spring.session."},
    {"junit-jupiter junit-jupiter-*", "org.junit.jupiter", "org/junit/jupiter/",
     "org.junit.jupiter"},
    {"rxjava", "io.reactivex.rxjava3", "io/reactivex/rxjava3/", "io.reactivex.rxjava3"},
};

static bool
names(const JavaGroup *group, const char *artifact)
{
  Slice rest = slice_from_string(group->names), name = SLICE_EMPTY;
  while (slice_next_field(&rest, ' ', &name)) {
    bool any_end = name.data[name.size - 1] == '*';
    Slice start = slice_sub(name, 0, name.size - (any_end ? 1 : 0));
    if (any_end ? slice_has_prefix(slice_from_string(artifact), start)
                : slice_equal_string(start, artifact))
      return true;
  }
  return false;
}

/* Whether the folder @part is what the artifact's name begins with: "grpc" of "grpc-netty",
 * "rocksdb" of "rocksdbjni". */
static bool
begins(Slice part, const char *artifact)
{
  if (part.size > strlen(artifact) ||
      g_ascii_strncasecmp((const char *)part.data, artifact, part.size) != 0)
    return false;
  return part.size >= LONG_PART || !g_ascii_isalpha(artifact[part.size]);
}

static bool
is_class(Slice name)
{
  const Slice ending = SLICE_LITERAL(".class");
  return name.size > ending.size &&
         slice_equal(slice_sub(name, name.size - ending.size, ending.size), ending) &&
         !slice_has_prefix(name, SLICE_LITERAL("META-INF/")) &&
         !slice_equal_string(name, "module-info.class");
}

/* The part of their paths that all classes share, up to a slash. Empty: nothing, or no classes. */
static Slice
common_folder(const ZipFile *zip)
{
  Slice rest = zip->directory, common = SLICE_EMPTY;
  ZipEntry entry;
  bool any = false;
  while (zip_next(&rest, &entry)) {
    if (!is_class(entry.name))
      continue;
    size_t size = 0, folder = 0;
    for (; size < entry.name.size && (!any || size < common.size); size++) {
      if (any && entry.name.data[size] != common.data[size])
        break;
      if (entry.name.data[size] == '/')
        folder = size + 1;
    }
    common = slice_sub(entry.name, 0, folder);
    any = true;
  }
  return common;
}

char *
java_group_of_classes(const char *artifact, const ZipFile *zip)
{
  Slice common = common_folder(zip), rest = common, part = SLICE_EMPTY;
  for (unsigned depth = 0; slice_next_field(&rest, '/', &part) && depth < DEPTH_MAX; depth++) {
    if (depth == 0 || part.size == 0 || !begins(part, artifact))
      continue;
    g_autofree char *group =
        g_strndup((const char *)common.data, (gsize)(part.data + part.size - common.data));
    for (const char *at = group; *at != '\0'; at++)
      if (!g_ascii_isalnum(*at) && *at != '/' && *at != '_')
        return NULL;
    return g_strdelimit(g_steal_pointer(&group), "/", '.');
  }
  return NULL;
}

static bool
has_folder(const ZipFile *zip, Slice folder)
{
  Slice rest = zip->directory;
  ZipEntry entry;
  while (zip_next(&rest, &entry))
    if (slice_has_prefix(entry.name, folder))
      return true;
  return false;
}

const char *
java_group_of(const char *artifact, const JavaManifest *manifest, const ZipFile *zip)
{
  const char *module = manifest->values[JAVA_MODULE];
  for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
    const JavaGroup *group = &groups[i];
    if (!names(group, artifact))
      continue;
    if ((module != NULL && group->module != NULL && g_str_has_prefix(module, group->module)) ||
        has_folder(zip, slice_from_string(group->folder)))
      return group->group;
  }
  return NULL;
}
