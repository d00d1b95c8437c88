/* Places that peers share: what one may take, and what is left for the next. */
#include "server/http/places.h"

static Peer
peer_at(const char *text)
{
  Address address;
  g_assert_true(address_parse(slice_from_string(text), &address));
  return peer_of(&address);
}

static Peer
peer_number(unsigned number)
{
  g_autofree char *text = g_strdup_printf("%u.%u.%u.%u", number >> 24, number >> 16 & 255,
                                          number >> 8 & 255, number & 255);
  return peer_at(text);
}

/* As many as it gets. */
static unsigned
take_all(Places *places, unsigned number)
{
  Peer peer = peer_number(number);
  unsigned count = 0;
  while (places_take(places, &peer, false) == PLACES_TAKEN)
    count++;
  return count;
}

static void
test_shares(void)
{
  static const struct {
    unsigned limit, per_peer, got[4];
  } cases[] = {
      {1000, 0, {500, 250, 125, 63}}, {1, 0, {1, 0, 0, 0}}, {2, 0, {1, 1, 0, 0}},
      {3, 0, {2, 1, 0, 0}},           {8, 3, {3, 3, 2, 0}}, {8, 100, {8, 0, 0, 0}},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Places *places = places_new(cases[i].limit, cases[i].per_peer);
    for (unsigned peer = 0; peer < 4; peer++) {
      g_test_message("%u places, peer %u", cases[i].limit, peer);
      g_assert_cmpuint(take_all(places, peer), ==, cases[i].got[peer]);
    }
    places_free(places);
  }
}

/* When all take in turn, each gets as much, and as much is left. */
static void
test_equal(void)
{
  Places *places = places_new(4096, 0);
  bool taken = true;
  while (taken) {
    taken = false;
    for (unsigned number = 0; number < 9; number++) {
      Peer peer = peer_number(number);
      taken |= places_take(places, &peer, false) == PLACES_TAKEN;
    }
  }
  g_assert_cmpuint(places_taken(places), >=, 4096 * 9 / 10 - 9);
  g_assert_cmpuint(4096 - places_taken(places), >=, 4096 / 10 - 9);
  places_free(places);
}

static void
test_given_back(void)
{
  Places *places = places_new(4, 0);
  Peer one = peer_number(1), other = peer_number(2);
  g_assert_cmpint(places_take(places, &one, false), ==, PLACES_TAKEN);
  g_assert_cmpint(places_take(places, &one, false), ==, PLACES_TAKEN);
  g_assert_cmpint(places_take(places, &one, false), ==, PLACES_PEER_FULL);
  g_assert_cmpint(places_take(places, &one, true), ==, PLACES_TAKEN); /* a proxy */
  g_assert_cmpint(places_take(places, &other, false), ==, PLACES_TAKEN);
  g_assert_cmpint(places_take(places, &other, true), ==, PLACES_FULL);
  for (int i = 0; i < 3; i++)
    places_give(places, &one);
  g_assert_cmpuint(places_taken(places), ==, 1);
  g_assert_cmpint(places_take(places, &other, false), ==, PLACES_TAKEN);
  places_give(places, &other);
  places_give(places, &other);
  g_assert_cmpuint(places_taken(places), ==, 0);
  places_free(places);
}

static void
test_peers(void)
{
  static const struct {
    const char *one, *other;
    bool same;
  } cases[] = {
      {"2001:db8::1", "2001:db8::ffff:2", true},
      {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1", true},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Peer one = peer_at(cases[i].one), other = peer_at(cases[i].other);
    g_test_message("%s, %s", cases[i].one, cases[i].other);
    g_assert_cmpint(memcmp(&one, &other, sizeof one) == 0, ==, cases[i].same);
  }
  Peer mapped = peer_at("::ffff:192.0.2.1"), plain = peer_number(0xc0000201);
  g_assert_cmpint(memcmp(&mapped, &plain, sizeof plain), ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/places/shares", test_shares);
  g_test_add_func("/places/equal", test_equal);
  g_test_add_func("/places/given-back", test_given_back);
  g_test_add_func("/places/peers", test_peers);
  return g_test_run();
}
