/* Which source package a package of Ubuntu is built from. Of the packages that chisel's releases
 * cut from 20.04 to 26.04: a name that is not here is not known. Nor is one whose source has
 * another version (.NET from 8 on, gcc-defaults, lvm2's libdevmapper, php-defaults), or another
 * source in another release (rustc), for then nothing can be compared with what is installed. */
#include "inspect/packages/chisel_sources.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name, *source;
} Row;

/* Sorted by strcmp(), without the "t64" of a library that was built anew for 64 bits of time. "=":
 * as the package. Formatted by hand: several rows fit in a line. */
// clang-format off
static const Row rows[] = {
    {"apache2", "="}, {"apache2-bin", "apache2"}, {"apache2-data", "apache2"}, {"apparmor", "="},
    {"apt", "="}, {"aspnetcore-runtime-6.0", "dotnet6"}, {"base-files", "="}, {"base-passwd", "="},
    {"bash", "="}, {"bc", "="}, {"bind9", "="}, {"bind9-dnsutils", "bind9"},
    {"bind9-host", "bind9"}, {"bind9-libs", "bind9"}, {"bind9-utils", "bind9"}, {"binutils", "="},
    {"binutils-aarch64-linux-gnu", "binutils"}, {"binutils-common", "binutils"},
    {"binutils-powerpc64le-linux-gnu", "binutils"}, {"binutils-s390x-linux-gnu", "binutils"},
    {"binutils-x86-64-linux-gnu", "binutils"}, {"bsdextrautils", "util-linux"}, {"busybox", "="},
    {"busybox-static", "busybox"}, {"bzip2", "="}, {"ca-certificates", "="},
    {"ca-certificates-java", "="}, {"conmon", "="}, {"coreutils", "="}, {"cpio", "="},
    {"cron", "="}, {"crun", "="}, {"curl", "="}, {"dash", "="}, {"dbus", "="}, {"dbus-bin", "dbus"},
    {"dbus-daemon", "dbus"}, {"dbus-session-bus-common", "dbus"},
    {"dbus-system-bus-common", "dbus"}, {"debianutils", "="}, {"diffutils", "="},
    {"distro-info-data", "="}, {"dns-root-data", "="}, {"dosfstools", "="},
    {"dotnet-hostfxr-6.0", "dotnet6"}, {"dotnet-runtime-6.0", "dotnet6"}, {"dpkg", "="},
    {"e2fsprogs", "="}, {"erlang-asn1", "erlang"}, {"erlang-base", "erlang"},
    {"erlang-crypto", "erlang"}, {"erlang-eldap", "erlang"}, {"erlang-ftp", "erlang"},
    {"erlang-inets", "erlang"}, {"erlang-mnesia", "erlang"}, {"erlang-os-mon", "erlang"},
    {"erlang-parsetools", "erlang"}, {"erlang-public-key", "erlang"},
    {"erlang-runtime-tools", "erlang"}, {"erlang-snmp", "erlang"}, {"erlang-ssl", "erlang"},
    {"erlang-syntax-tools", "erlang"}, {"erlang-tftp", "erlang"}, {"erlang-tools", "erlang"},
    {"erlang-xmerl", "erlang"}, {"fdisk", "util-linux"}, {"file", "="}, {"findutils", "="},
    {"fontconfig", "="}, {"fontconfig-config", "fontconfig"}, {"fonts-dejavu-core", "fonts-dejavu"},
    {"fonts-dejavu-mono", "fonts-dejavu"}, {"fonts-freefont-otf", "fonts-freefont"},
    {"fonts-freefont-ttf", "fonts-freefont"}, {"fonts-ipafont-gothic", "fonts-ipafont"},
    {"fonts-liberation", "="}, {"fonts-noto-color-emoji", "="}, {"fonts-noto-core", "fonts-noto"},
    {"fonts-noto-mono", "fonts-noto"}, {"fonts-texgyre", "tex-gyre"},
    {"fonts-tlwg-loma-otf", "fonts-tlwg"}, {"fonts-ubuntu", "="}, {"fonts-unifont", "unifont"},
    {"fonts-urw-base35", "="}, {"fonts-wqy-zenhei", "="}, {"gawk", "="},
    {"gearman-job-server", "gearmand"}, {"gearman-tools", "gearmand"}, {"geoip-bin", "geoip"},
    {"geoip-database", "="}, {"geoipupdate", "="}, {"git", "="}, {"golang", "golang-defaults"},
    {"golang-go", "golang-defaults"}, {"golang-src", "golang-defaults"}, {"gosu", "="},
    {"gpg", "gnupg2"}, {"gpgconf", "gnupg2"}, {"gpgv", "gnupg2"}, {"grep", "="}, {"gzip", "="},
    {"hello", "="}, {"httping", "="}, {"influxdb", "="}, {"init-system-helpers", "="},
    {"iproute2", "="}, {"iptables", "="}, {"iputils-ping", "iputils"}, {"jq", "="}, {"less", "="},
    {"libacl1", "acl"}, {"libapparmor1", "apparmor"}, {"libapr1", "apr"},
    {"libaprutil1", "apr-util"}, {"libarchive-tools", "libarchive"}, {"libarchive13", "libarchive"},
    {"libargon2-1", "argon2"}, {"libasound2", "alsa-lib"}, {"libasyncns0", "libasyncns"},
    {"libatk-bridge2.0-0t64", "at-spi2-core"}, {"libatk1.0-0t64", "at-spi2-core"},
    {"libatspi2.0-0t64", "at-spi2-core"}, {"libattr1", "attr"}, {"libaudit-common", "audit"},
    {"libaudit1", "audit"}, {"libavahi-client3", "avahi"}, {"libavahi-common3", "avahi"},
    {"libbinutils", "binutils"}, {"libblas3", "lapack"}, {"libblkid1", "util-linux"},
    {"libbluray2", "libbluray"}, {"libboost-context1.83.0", "boost1.83"},
    {"libboost-coroutine1.83.0", "boost1.83"}, {"libboost-filesystem1.83.0", "boost1.83"},
    {"libboost-log1.83.0", "boost1.83"}, {"libboost-program-options1.83.0", "boost1.83"},
    {"libboost-program-options1.88.0", "boost1.88"}, {"libboost-serialization1.83.0", "boost1.83"},
    {"libboost-thread1.83.0", "boost1.83"}, {"libbrotli1", "brotli"}, {"libbs2b0", "libbs2b"},
    {"libbsd0", "libbsd"}, {"libbz2-1.0", "bzip2"}, {"libc-bin", "glibc"},
    {"libc-dev-bin", "glibc"}, {"libc6", "glibc"}, {"libc6-dev", "glibc"}, {"libc6-i386", "glibc"},
    {"libcairo-gobject2", "cairo"}, {"libcairo2", "cairo"}, {"libcap-ng0", "libcap-ng"},
    {"libcap2", "="}, {"libcap2-bin", "libcap2"}, {"libcares2", "c-ares"},
    {"libcbor0.10", "libcbor"}, {"libcdio-cdda2", "libcdio-paranoia"},
    {"libcdio-paranoia2", "libcdio-paranoia"}, {"libcdio19", "libcdio"},
    {"libchromaprint1", "chromaprint"}, {"libcjson1", "cjson"}, {"libcodec2-1.2", "codec2"},
    {"libcom-err2", "e2fsprogs"}, {"libcrypt-dev", "libxcrypt"}, {"libcrypto++8", "libcrypto++"},
    {"libcryptsetup12", "cryptsetup"}, {"libctf0", "binutils"}, {"libcups2", "cups"},
    {"libcurl3-gnutls", "curl"}, {"libcurl3t64-gnutls", "curl"}, {"libcurl4", "curl"},
    {"libdatrie1", "libdatrie"}, {"libdbi-perl", "="}, {"libdbus-1-3", "dbus"},
    {"libdeflate0", "libdeflate"}, {"libdlt3", "dlt-daemon"}, {"libdrm-amdgpu1", "libdrm"},
    {"libdrm-common", "libdrm"}, {"libdrm-intel1", "libdrm"}, {"libdrm-nouveau2", "libdrm"},
    {"libdrm-radeon1", "libdrm"}, {"libdrm2", "libdrm"}, {"libduktape207", "duktape"},
    {"libdvdnav4", "libdvdnav"}, {"libdvdread8", "libdvdread"}, {"libecap3", "libecap"},
    {"libedit2", "libedit"}, {"libelf1", "elfutils"}, {"libestr0", "libestr"},
    {"libevent-2.1-7", "libevent"}, {"libevent-core-2.1-7", "libevent"},
    {"libevent-extra-2.1-7", "libevent"}, {"libevent-pthreads-2.1-7", "libevent"},
    {"libexif12", "libexif"}, {"libexpat1", "expat"}, {"libext2fs2", "e2fsprogs"},
    {"libfastjson4", "libfastjson"}, {"libfdisk1", "util-linux"}, {"libfftw3-double3", "fftw3"},
    {"libfido2-1", "libfido2"}, {"libflac12", "flac"}, {"libflac14", "flac"},
    {"libfontconfig1", "fontconfig"}, {"libfontenc1", "libfontenc"}, {"libfreetype6", "freetype"},
    {"libfribidi0", "fribidi"}, {"libgbm1", "mesa"}, {"libgcrypt20", "="},
    {"libgdbm-compat4", "gdbm"}, {"libgdbm6", "gdbm"}, {"libgdiplus", "="},
    {"libgdk-pixbuf-2.0-0", "gdk-pixbuf"}, {"libgdk-pixbuf2.0-common", "gdk-pixbuf"},
    {"libgearman8", "gearmand"}, {"libgeoip1", "geoip"}, {"libgflags2.2", "gflags"},
    {"libgif7", "giflib"}, {"libgl1", "libglvnd"}, {"libgl1-mesa-dri", "mesa"},
    {"libglapi-amber", "mesa-amber"}, {"libglapi-mesa", "mesa"}, {"libglib2.0-0", "glib2.0"},
    {"libglvnd0", "libglvnd"}, {"libglx-mesa0", "mesa"}, {"libglx0", "libglvnd"},
    {"libgme0", "game-music-emu"}, {"libgmp10", "gmp"}, {"libgpg-error0", "libgpg-error"},
    {"libgraphite2-3", "graphite2"}, {"libgsm1", "libgsm"}, {"libgssapi-krb5-2", "krb5"},
    {"libgssrpc4", "krb5"}, {"libharfbuzz0b", "harfbuzz"}, {"libhashkit2", "libmemcached"},
    {"libhiredis1.1.0", "hiredis"}, {"libhttp-parser2.9", "http-parser"}, {"libhwloc15", "hwloc"},
    {"libhwy1", "highway"}, {"libidn2-0", "libidn2"}, {"libip4tc2", "iptables"},
    {"libip6tc2", "iptables"}, {"libisl23", "isl"}, {"libjansson4", "jansson"},
    {"libjbig0", "jbigkit"}, {"libjemalloc2", "jemalloc"}, {"libjpeg-turbo8", "libjpeg-turbo"},
    {"libjpeg8", "libjpeg8-empty"}, {"libjq1", "jq"}, {"libjson-c5", "json-c"},
    {"libk5crypto3", "krb5"}, {"libkadm5clnt-mit12", "krb5"}, {"libkadm5srv-mit12", "krb5"},
    {"libkdb5-10", "krb5"}, {"libkeyutils1", "keyutils"}, {"libkmod2", "kmod"},
    {"libkrb5-3", "krb5"}, {"libkrb5support0", "krb5"}, {"liblastlog2-2", "util-linux"},
    {"liblcms2-2", "lcms2"}, {"libldap-2.5-0", "openldap"}, {"libldap-common", "openldap"},
    {"libldap2", "openldap"}, {"liblerc4", "lerc"}, {"liblilv-0-0", "lilv"}, {"liblmdb0", "lmdb"},
    {"libltdl7", "libtool"}, {"liblttng-ust-common1", "ust"}, {"liblttng-ust-ctl5", "ust"},
    {"liblttng-ust-ctl6", "ust"}, {"liblttng-ust1", "ust"}, {"liblua5.4-0", "lua5.4"},
    {"liblz4-1", "lz4"}, {"liblzf1", "liblzf"}, {"liblzma5", "xz-utils"}, {"liblzo2-2", "lzo2"},
    {"libmagic-mgc", "file"}, {"libmagic1", "file"}, {"libmaxminddb0", "libmaxminddb"},
    {"libmbedcrypto16", "mbedtls"}, {"libmbedcrypto7", "mbedtls"}, {"libmd0", "libmd"},
    {"libmemcached11", "libmemcached"}, {"libmnl0", "libmnl"}, {"libmosquitto1", "mosquitto"},
    {"libmount1", "util-linux"}, {"libmp3lame0", "lame"}, {"libmpc3", "mpclib3"},
    {"libmpdec2", "mpdecimal"}, {"libmpdec3", "mpdecimal"}, {"libmpeg2-4", "mpeg2dec"},
    {"libmpfr6", "mpfr4"}, {"libmpg123-0", "mpg123"}, {"libmysqlclient21", "mysql-8.0"},
    {"libmysqlclient24", "mysql-8.4"}, {"libncurses6", "ncurses"}, {"libncursesw6", "ncurses"},
    {"libnet1", "libnet"}, {"libnetfilter-conntrack3", "libnetfilter-conntrack"},
    {"libnfnetlink0", "libnfnetlink"}, {"libnftables1", "nftables"}, {"libnftnl11", "libnftnl"},
    {"libnghttp2-14", "nghttp2"}, {"libnginx-mod-http-geoip", "nginx"},
    {"libnginx-mod-stream", "nginx"}, {"libnginx-mod-stream-geoip", "nginx"},
    {"libnl-3-200", "libnl3"}, {"libnl-cli-3-200", "libnl3"}, {"libnl-genl-3-200", "libnl3"},
    {"libnl-nf-3-200", "libnl3"}, {"libnl-route-3-200", "libnl3"}, {"libnorm1", "norm"},
    {"libnotify-bin", "libnotify"}, {"libnotify4", "libnotify"}, {"libnpth0", "npth"},
    {"libnsl2", "libnsl"}, {"libnspr4", "nspr"}, {"libnss-extrausers", "="},
    {"libnss-mdns", "nss-mdns"}, {"libnss3", "nss"}, {"libnss3-tools", "nss"},
    {"libnuma1", "numactl"}, {"libogg0", "libogg"}, {"libonig5", "libonig"},
    {"libopenjp2-7", "openjpeg2"}, {"libopenmpt0", "libopenmpt"}, {"libopus0", "opus"},
    {"libp11-kit0", "p11-kit"}, {"libpam-modules", "pam"}, {"libpam-modules-bin", "pam"},
    {"libpam-runtime", "pam"}, {"libpam0g", "pam"}, {"libpam0g-dev", "pam"},
    {"libpango-1.0-0", "pango1.0"}, {"libpangocairo-1.0-0", "pango1.0"},
    {"libpangoft2-1.0-0", "pango1.0"}, {"libpciaccess0", "libpciaccess"}, {"libpcre2-8-0", "pcre2"},
    {"libpcre3", "pcre3"}, {"libpcsclite1", "pcsc-lite"}, {"libpgm-5.3-0", "libpgm"},
    {"libpixman-1-0", "pixman"}, {"libproc2-0", "procps"},
    {"libprocps8", "procps"}, {"libprotobuf-c1", "protobuf-c"}, {"libproxy1v5", "libproxy"},
    {"libpsl5", "libpsl"}, {"libpython3-stdlib", "python3-defaults"},
    {"librabbitmq4", "librabbitmq"}, {"libraw1394-11", "libraw1394"},
    {"librdkafka++1", "librdkafka"}, {"librdkafka1", "librdkafka"}, {"librist4", "librist"},
    {"librsvg2-2", "librsvg"}, {"librsvg2-common", "librsvg"}, {"librtmp1", "rtmpdump"},
    {"librubberband2", "rubberband"}, {"libruby", "ruby-defaults"},
    {"libsamplerate0", "libsamplerate"}, {"libsasl2-2", "cyrus-sasl2"},
    {"libsasl2-modules", "cyrus-sasl2"}, {"libsasl2-modules-db", "cyrus-sasl2"},
    {"libseccomp2", "libseccomp"}, {"libselinux1", "libselinux"},
    {"libsemanage-common", "libsemanage"}, {"libsemanage2", "libsemanage"},
    {"libsensors-config", "lm-sensors"}, {"libsensors5", "lm-sensors"}, {"libsepol2", "libsepol"},
    {"libserd-0-0", "serd"}, {"libsharpyuv0", "libwebp"}, {"libshine3", "shine"},
    {"libsigsegv2", "libsigsegv"}, {"libslang2", "slang2"}, {"libsmartcols1", "util-linux"},
    {"libsnappy1v5", "snappy"}, {"libsodium23", "libsodium"}, {"libsord-0-0", "sord"},
    {"libsoxr0", "libsoxr"}, {"libspeex1", "speex"}, {"libsqlite3-0", "sqlite3"},
    {"libsratom-0-0", "sratom"}, {"libsrt1.5-gnutls", "srt"}, {"libss2", "e2fsprogs"},
    {"libssh-4", "libssh"}, {"libssh-gcrypt-4", "libssh"}, {"libssh2-1", "libssh2"},
    {"libsubid4", "shadow"}, {"libsubid5", "shadow"}, {"libsvtav1enc1d1", "svt-av1"},
    {"libsvtav1enc2", "svt-av1"}, {"libsystemd-shared", "systemd"}, {"libsystemd0", "systemd"},
    {"libtasn1-6", "="}, {"libtbb12", "onetbb"}, {"libtbb2", "tbb"}, {"libtbbbind-2-5", "onetbb"},
    {"libtbbmalloc2", "onetbb"}, {"libtcnative-1", "tomcat-native"}, {"libtdb1", "tdb"},
    {"libthai-data", "libthai"}, {"libthai0", "libthai"}, {"libtheora0", "libtheora"},
    {"libtheoradec1", "libtheora"}, {"libtheoraenc1", "libtheora"}, {"libtinfo6", "ncurses"},
    {"libtirpc-common", "libtirpc"}, {"libtirpc3", "libtirpc"}, {"libtomcat10-java", "tomcat10"},
    {"libtwolame0", "twolame"}, {"libudev1", "systemd"}, {"libudfread0", "libudfread"},
    {"libudfread3", "libudfread"}, {"libunibreak5", "libunibreak"}, {"libunibreak6", "libunibreak"},
    {"libunwind8", "libunwind"}, {"liburcu8", "liburcu"}, {"libuuid1", "util-linux"},
    {"libuv1", "="}, {"libva-drm2", "libva"}, {"libva-x11-2", "libva"}, {"libva2", "libva"},
    {"libvdpau1", "libvdpau"}, {"libvidstab1.1", "libvidstab"}, {"libvorbis0a", "libvorbis"},
    {"libvorbisenc2", "libvorbis"}, {"libvorbisfile3", "libvorbis"},
    {"libvulkan1", "vulkan-loader"}, {"libwayland-client0", "wayland"},
    {"libwayland-egl1", "wayland"}, {"libwayland-server0", "wayland"}, {"libwebp7", "libwebp"},
    {"libwebpmux3", "libwebp"}, {"libwebsockets19", "libwebsockets"}, {"libwrap0", "tcp-wrappers"},
    {"libx11-6", "libx11"}, {"libx11-data", "libx11"}, {"libx11-xcb1", "libx11"},
    {"libxau6", "libxau"}, {"libxcb-dri2-0", "libxcb"}, {"libxcb-dri3-0", "libxcb"},
    {"libxcb-glx0", "libxcb"}, {"libxcb-present0", "libxcb"}, {"libxcb-randr0", "libxcb"},
    {"libxcb-render0", "libxcb"}, {"libxcb-shape0", "libxcb"}, {"libxcb-shm0", "libxcb"},
    {"libxcb-sync1", "libxcb"}, {"libxcb-xfixes0", "libxcb"}, {"libxcb1", "libxcb"},
    {"libxcomposite1", "libxcomposite"}, {"libxdamage1", "libxdamage"}, {"libxdmcp6", "libxdmcp"},
    {"libxext6", "libxext"}, {"libxfixes3", "libxfixes"}, {"libxi6", "libxi"},
    {"libxkbcommon0", "libxkbcommon"}, {"libxml2", "="}, {"libxml2-16", "libxml2"},
    {"libxml2-utils", "libxml2"}, {"libxrandr2", "libxrandr"}, {"libxrender1", "libxrender"},
    {"libxres1", "libxres"}, {"libxshmfence1", "libxshmfence"}, {"libxtables12", "iptables"},
    {"libxvidcore4", "xvidcore"}, {"libxxf86vm1", "libxxf86vm"}, {"libxxhash0", "xxhash"},
    {"libyajl2", "yajl"}, {"libyaml-0-2", "libyaml"}, {"libzimg2", "zimg"}, {"libzix-0-0", "zix"},
    {"libzmq5", "zeromq3"}, {"libzstd1", "libzstd"}, {"libzvbi0", "zvbi"},
    {"linux-libc-dev", "linux"}, {"locales", "glibc"}, {"login", "shadow"},
    {"logsave", "e2fsprogs"}, {"lsb-base", "lsb"}, {"lua5.4", "="}, {"make", "make-dfsg"},
    {"mawk", "="}, {"media-types", "="}, {"memcached", "="}, {"mesa-libgallium", "mesa"},
    {"metapixel", "="}, {"mime-support", "="}, {"mmdb-bin", "libmaxminddb"}, {"mosquitto", "="},
    {"mosquitto-clients", "mosquitto"}, {"mount", "util-linux"}, {"ncurses-base", "ncurses"},
    {"netbase", "="}, {"netcat-openbsd", "="}, {"nginx", "="}, {"nginx-common", "nginx"},
    {"node-balanced-match", "="}, {"node-brace-expansion", "="}, {"node-cjs-module-lexer", "="},
    {"node-debug", "="}, {"node-lru-cache", "="}, {"node-minimatch", "="}, {"node-ms", "="},
    {"node-semver", "="}, {"node-xtend", "="}, {"nodejs", "="}, {"ocl-icd-libopencl1", "ocl-icd"},
    {"openjdk-11-jdk", "openjdk-lts"}, {"openjdk-11-jdk-headless", "openjdk-lts"},
    {"openjdk-11-jre", "openjdk-lts"}, {"openjdk-11-jre-headless", "openjdk-lts"},
    {"openssh-client", "openssh"}, {"openssh-server", "openssh"},
    {"openssh-sftp-server", "openssh"}, {"openssl", "="}, {"openssl-provider-legacy", "openssl"},
    {"p11-kit", "="}, {"p11-kit-modules", "p11-kit"}, {"passwd", "shadow"}, {"patch", "="},
    {"perl", "="}, {"perl-base", "perl"}, {"procps", "="}, {"publicsuffix", "="}, {"pwgen", "="},
    {"python3", "python3-defaults"}, {"python3-distutils", "python3-stdlib-extensions"},
    {"python3-lib2to3", "python3-stdlib-extensions"}, {"python3-minimal", "python3-defaults"},
    {"python3-pip", "python-pip"}, {"python3-pip-whl", "python-pip"},
    {"python3-pkg-resources", "setuptools"}, {"python3-pyftpdlib", "python-pyftpdlib"},
    {"python3-setuptools", "setuptools"}, {"python3-setuptools-whl", "setuptools"},
    {"python3-wheel", "wheel"}, {"rabbitmq-server", "="}, {"readline-common", "readline"},
    {"redis-server", "redis"}, {"redis-tools", "redis"}, {"rfkill", "util-linux"}, {"rsyslog", "="},
    {"ruby", "ruby-defaults"}, {"ruby-net-telnet", "="}, {"ruby-webrick", "="},
    {"ruby-xmlrpc", "="}, {"sbsigntool", "="}, {"secureboot-db", "="}, {"sed", "="},
    {"sensible-utils", "="}, {"shared-mime-info", "="}, {"sqlite3", "="}, {"squashfs-tools", "="},
    {"squid", "="}, {"squid-common", "squid"}, {"squid-langpack", "="}, {"strace", "="},
    {"sudo", "="}, {"systemd", "="}, {"systemd-dev", "systemd"}, {"sysvinit-utils", "sysvinit"},
    {"tar", "="}, {"tomcat10", "="}, {"tomcat10-common", "tomcat10"}, {"tzdata", "="},
    {"tzdata-icu", "tzdata"}, {"tzdata-legacy", "tzdata"}, {"ubuntu-keyring", "="}, {"ucf", "="},
    {"uidmap", "shadow"}, {"unzip", "="}, {"util-linux", "="}, {"util-linux-extra", "util-linux"},
    {"vim-common", "vim"}, {"vim-tiny", "vim"}, {"wamerican", "scowl"}, {"wget", "="},
    {"x11-common", "xorg"}, {"xdg-user-dirs", "="}, {"xfonts-encodings", "="},
    {"xfonts-utils", "="}, {"xz-utils", "="}, {"zip", "="}, {"zlib1g", "zlib"},
    {"zlib1g-dev", "zlib"}, {"zstd", "libzstd"},
};

/* '#': digits and dots; in a source those of the name. '%': the number that the version begins
 * with, which is that of the compiler or the server that the library comes with. */
static const Row families[] = {
    {"cargo-#", "rustc-#"}, {"gcc-#", "gcc-#"}, {"gcc-#-base", "gcc-#"}, {"golang-#", "golang-#"},
    {"golang-#-go", "golang-#"}, {"golang-#-src", "golang-#"}, {"libaom#", "aom"},
    {"libapt-pkg#", "apt"}, {"libasan#", "gcc-%"}, {"libassuan#", "libassuan"},
    {"libatomic#", "gcc-%"}, {"libavcodec#", "ffmpeg"}, {"libavformat#", "ffmpeg"},
    {"libavutil#", "ffmpeg"}, {"libcc1-#", "gcc-%"}, {"libcrypt#", "libxcrypt"},
    {"libdav1d#", "dav1d"}, {"libdb#", "db#"}, {"libffi#", "libffi"}, {"libgcc-#-dev", "gcc-#"},
    {"libgcc-s#", "gcc-%"}, {"libgfortran#", "gcc-%"}, {"libgit2-#", "libgit2"},
    {"libgnutls#", "gnutls28"}, {"libgomp#", "gcc-%"}, {"libhogweed#", "nettle"},
    {"libhwasan#", "gcc-%"}, {"libicu#", "icu"}, {"libitm#", "gcc-%"}, {"libjxl#", "jpeg-xl"},
    {"libllvm#", "llvm-toolchain-#"}, {"liblsan#", "gcc-%"}, {"libnettle#", "nettle"},
    {"libnode#", "nodejs"}, {"libobjc#", "gcc-%"}, {"libperl#", "perl"},
    {"libpng16-#", "libpng1.6"}, {"libpq#", "postgresql-%"}, {"libpython#", "python#"},
    {"libpython#-minimal", "python#"}, {"libpython#-stdlib", "python#"}, {"libquadmath#", "gcc-%"},
    {"librav1e#", "rust-rav1e"}, {"libreadline#", "readline"}, {"librocksdb#", "rocksdb"},
    {"libruby#", "ruby#"}, {"libsframe#", "binutils"}, {"libsimdjson#", "simdjson"},
    {"libsimdutf#", "simdutf"}, {"libssl#", "openssl"}, {"libstd-rust-#-dev", "rustc-#"},
    {"libstdc++#", "gcc-%"}, {"libstdc++-#-dev", "gcc-#"}, {"libswresample#", "ffmpeg"},
    {"libswscale#", "ffmpeg"}, {"libtiff#", "tiff"}, {"libtsan#", "gcc-%"}, {"libubsan#", "gcc-%"},
    {"libunistring#", "libunistring"}, {"libvpx#", "libvpx"}, {"libx264-#", "x264"},
    {"libx265-#", "x265"}, {"openjdk-#-jdk", "openjdk-#"}, {"openjdk-#-jdk-headless", "openjdk-#"},
    {"openjdk-#-jre", "openjdk-#"}, {"openjdk-#-jre-headless", "openjdk-#"},
    {"perl-modules-#", "perl"}, {"php#", "php#"}, {"php#-cli", "php#"}, {"php#-common", "php#"},
    {"php#-fpm", "php#"}, {"php#-opcache", "php#"}, {"php#-readline", "php#"},
    {"python#", "python#"}, {"python#-minimal", "python#"}, {"python#-venv", "python#"},
    {"ruby#", "ruby#"}, {"rust-#-clippy", "rustc-#"}, {"rust-#-src", "rustc-#"},
    {"rustc-#", "rustc-#"}, {"rustfmt-#", "rustc-#"},
};
// clang-format on

static int
compare_row(const void *name, const void *row)
{
  return strcmp(name, ((const Row *)row)->name);
}

/* The number that @version begins with, after its epoch. */
static Slice
major_of(const char *version)
{
  const char *colon = strchr(version, ':');
  const char *start = colon == NULL ? version : colon + 1;
  return slice_new(start, strspn(start, "0123456789"));
}

/* @number: what stands for the '#', if there is one. */
static bool
is_of_family(const char *name, const char *pattern, Slice *number)
{
  size_t before = strcspn(pattern, "#");
  if (strncmp(name, pattern, before) != 0)
    return false;
  const char *start = name + before;
  *number = slice_new(start, g_ascii_isdigit(*start) ? strspn(start, "0123456789.") : 0);
  return number->size > 0 && strcmp(start + number->size, pattern + before + 1) == 0;
}

/* (transfer full) NULL where the version does not tell. */
static char *
fill_in(const char *source, Slice number, const char *version)
{
  size_t before = strcspn(source, "#%");
  if (source[before] == '\0')
    return g_strdup(source);
  Slice part = source[before] == '#' ? number : major_of(version);
  if (part.size == 0)
    return NULL;
  return g_strdup_printf("%.*s%.*s%s", (int)before, source, (int)part.size, (const char *)part.data,
                         source + before + 1);
}

/* From 24.10 on login is built from util-linux, and from 25.10 on coreutils only picks one. */
static bool
is_built_elsewhere(const char *name, const char *version)
{
  return (strcmp(name, "login") == 0 && strstr(version, "+really") != NULL) ||
         (strcmp(name, "coreutils") == 0 && strstr(version, "0.0.0~") != NULL);
}

char *
chisel_source(const char *name, const char *version)
{
  g_autofree char *plain = g_strdup(name);
  if (g_str_has_suffix(plain, "t64"))
    plain[strlen(plain) - strlen("t64")] = '\0';
  const Row *row = bsearch(plain, rows, G_N_ELEMENTS(rows), sizeof *rows, compare_row);
  if (row == NULL)
    row = bsearch(name, rows, G_N_ELEMENTS(rows), sizeof *rows, compare_row);
  if (row != NULL && is_built_elsewhere(name, version))
    return NULL;
  if (row != NULL)
    return g_strdup(strcmp(row->source, "=") == 0 ? row->name : row->source);
  Slice number;
  for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
    if (is_of_family(plain, families[i].name, &number))
      return fill_in(families[i].source, number, version);
  return NULL;
}

bool
chisel_sources_are_sorted(void)
{
  for (size_t i = 1; i < G_N_ELEMENTS(rows); i++)
    if (strcmp(rows[i - 1].name, rows[i].name) >= 0)
      return false;
  return true;
}
