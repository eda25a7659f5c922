package dev.nippush.internal.match;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.account.Device;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.match.DeviceOwners.Claim;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DeviceOwnersTest {

    private static final Instant T0 = Instant.ofEpochSecond(1_700_000_000);
    private static final PublicKey ALICE = PublicKey.ofHex("aa".repeat(32));
    private static final PublicKey BOB = PublicKey.ofHex("bb".repeat(32));
    private static final PublicKey CAROL = PublicKey.ofHex("cc".repeat(32));
    private static final DeviceAddress PHONE =
            new DeviceAddressReader(List.of()).read("a1".repeat(32)).orElseThrow();

    private static Device phone(int seconds) {
        return new Device(PHONE, T0.plusSeconds(seconds), T0.plusSeconds(seconds), Optional.empty());
    }

    @Test
    void theLastOneHasTheDevice() {
        DeviceOwners owners = new DeviceOwners(1);
        assertThat(owners.claim(ALICE, phone(0))).isEqualTo(new Claim.Granted(List.of()));
        assertThat(owners.claim(BOB, phone(1))).isEqualTo(new Claim.Granted(List.of(ALICE)));
        assertThat(owners.claim(BOB, phone(2))).isEqualTo(new Claim.Granted(List.of()));
        assertThat(owners.accounts(PHONE)).containsExactly(BOB);
        assertThat(owners.owns(ALICE, PHONE)).isFalse();
        owners.release(ALICE, PHONE);
        assertThat(owners.accounts(PHONE)).containsExactly(BOB);
        owners.release(BOB, PHONE);
        assertThat(owners.accounts(PHONE)).isEmpty();
        assertThat(owners.registeredAt(PHONE)).isEmpty();
    }

    @Test
    void whereSeveralMayShareTheNextIsRefusedAndNobodyEvicted() {
        DeviceOwners owners = new DeviceOwners(2);
        owners.claim(ALICE, phone(0));
        owners.claim(BOB, phone(1));
        assertThat(owners.claim(CAROL, phone(2))).isEqualTo(new Claim.Refused());
        assertThat(owners.claim(ALICE, phone(3))).isInstanceOf(Claim.Granted.class);
        assertThat(owners.accounts(PHONE)).containsExactlyInAnyOrder(ALICE, BOB);
        assertThat(owners.registeredAt(PHONE)).contains(T0.plusSeconds(3));
    }

    @Test
    void afterACrashTheNewestRegistrationStandsInWhateverOrderItIsRead() {
        DeviceOwners oneWay = new DeviceOwners(1);
        assertThat(oneWay.restore(ALICE, phone(0))).isEmpty();
        assertThat(oneWay.restore(BOB, phone(5))).containsExactly(ALICE);
        DeviceOwners other = new DeviceOwners(1);
        assertThat(other.restore(BOB, phone(5))).isEmpty();
        assertThat(other.restore(ALICE, phone(0))).containsExactly(ALICE);
        assertThat(other.accounts(PHONE)).containsExactly(BOB);
    }

    @Test
    void aDeviceCountsFromItsFirstRegistration() {
        DeviceOwners owners = new DeviceOwners(1);
        owners.claim(ALICE, new Device(PHONE, T0, T0.plusSeconds(60), Optional.empty()));
        assertThat(owners.owned(ALICE, PHONE, T0.minusMillis(1))).isFalse();
        assertThat(owners.owned(ALICE, PHONE, T0)).isTrue();
        assertThat(owners.owned(BOB, PHONE, T0)).isFalse();
    }
}
