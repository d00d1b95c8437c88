/* A table of names and groups; see the header. The groups are those of Maven Central. */
#include "inspect/programs/java_groups.h"

#include <string.h>

typedef struct {
  const char *names; /* with a space between; "*" at the end of one is for any end */
  const char *group;
  const char *folder; /* of its classes */
  const char *module; /* how Automatic-Module-Name begins; NULL: it has none */
} JavaGroup;

static const JavaGroup groups[] = {
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
