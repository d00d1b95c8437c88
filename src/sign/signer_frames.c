/* Frames between a server and its signer; see the header. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "base/json.h"
#include "sign/signer-private.h"

/* Whole, though the other side takes it in parts. */
static bool
send_all(int socket, struct iovec *parts, size_t count)
{
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  while (message.msg_iovlen > 0) {
    ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0)
      return false;
    size_t left = (size_t)sent;
    while (message.msg_iovlen > 0 && left >= message.msg_iov->iov_len) {
      left -= message.msg_iov->iov_len;
      message.msg_iov++;
      message.msg_iovlen--;
    }
    if (message.msg_iovlen > 0) {
      message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + left;
      message.msg_iov->iov_len -= left;
    }
  }
  return true;
}

bool
signer_send(int socket, const json_t *json, Slice bytes)
{
  g_autofree char *text = json_to_text(json);
  size_t length = strlen(text);
  if (length > SIGNER_JSON_MAX || bytes.size > SIGNER_BYTES_MAX)
    return false;
  uint32_t sizes[2] = {(uint32_t)length, (uint32_t)bytes.size};
  struct iovec parts[] = {
      {sizes, sizeof sizes}, {text, length}, {(void *)(uintptr_t)bytes.data, bytes.size}};
  return send_all(socket, parts, G_N_ELEMENTS(parts));
}

bool
signer_receive(int socket, json_t **json, GBytes **bytes)
{
  uint32_t sizes[2];
  if (!fd_read_exactly(socket, sizes, sizeof sizes) || sizes[0] > SIGNER_JSON_MAX ||
      sizes[1] > SIGNER_BYTES_MAX)
    return false;
  g_autofree uint8_t *text = g_malloc(sizes[0] + 1u), *data = g_malloc(sizes[1] + 1u);
  if (!fd_read_exactly(socket, text, sizes[0]) || !fd_read_exactly(socket, data, sizes[1]))
    return false;
  *json = json_parse(slice_new(text, sizes[0]), NULL);
  if (*json == NULL)
    return false;
  *bytes = g_bytes_new_take(g_steal_pointer(&data), sizes[1]);
  return true;
}

typedef union {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int))];
} Control;

int
signer_send_socket(int socket, int descriptor)
{
  char byte = 0;
  Control control = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){
      .cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  ssize_t sent;
  do
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

int
signer_receive_socket(int socket)
{
  char byte;
  Control control = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t got;
  do
    got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
  if (header == NULL || header->cmsg_type != SCM_RIGHTS)
    return -1;
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return descriptor;
}
