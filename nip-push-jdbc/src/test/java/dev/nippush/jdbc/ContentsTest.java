package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.account.Account;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.OwedPush;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ContentsTest {

    private static final PublicKey ALICE = Samples.key(1);
    private static final EventId ONE = Samples.event(1);

    private final Contents contents = new Contents();

    private interface Reading {
        Object of(byte[] content);
    }

    @Test
    void equalValuesMakeEqualBytes() {
        Account account = Samples.account(ALICE, 100, Samples.PHONE, Samples.BROWSER);
        byte[] content = Contents.of(account);
        assertThat(contents.account(ALICE, content)).isEqualTo(account);
        assertThat(Contents.of(new Contents().account(ALICE, content))).isEqualTo(content);
        assertThat(content.length).isLessThan(100 * 32 + 1_000);
    }

    @Test
    void keysThatManyAccountsNameAreMadeOnce() {
        byte[] content = Contents.of(Samples.account(ALICE, 100, Samples.PHONE));
        PublicKey one = author(contents.account(ALICE, content), 0);
        Account again = contents.account(ALICE, content);
        assertThat(again.registration().orElseThrow().authors())
                .anySatisfy(key -> assertThat(key).isSameAs(one));
    }

    private static PublicKey author(Account account, int index) {
        return account.registration().orElseThrow().authors().stream()
                .skip(index)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatIsCutOffOrTooLongOrOfAnotherVersionIsRefused() {
        OwedPush push = Samples.push(ALICE, ONE, Samples.BROWSER, Samples.T0);
        HeldEvent held = Samples.held(ALICE, ONE);
        refusesAnythingElse(
                Contents.of(Samples.account(ALICE, 3, Samples.PHONE)), content -> contents.account(ALICE, content));
        refusesAnythingElse(Contents.of(push), content -> contents.push(ONE, content));
        refusesAnythingElse(Contents.of(held), content -> contents.held(ALICE, ONE, content));
        refusesAnythingElse(Contents.of(Samples.T0), Contents::instant);
    }

    private static void refusesAnythingElse(byte[] good, Reading reading) {
        for (int length = 0; length < good.length; length++) {
            refuses(reading, Arrays.copyOf(good, length));
        }
        refuses(reading, Arrays.copyOf(good, good.length + 1));
        byte[] newer = good.clone();
        newer[0]++;
        refuses(reading, newer);
    }

    private static void refuses(Reading reading, byte[] content) {
        assertThatThrownBy(() -> reading.of(content)).isInstanceOf(DamagedRowException.class);
    }

    @Test
    void noContentMakesAnyOtherTrouble() {
        byte[] good = Contents.of(Samples.account(ALICE, 3, Samples.PHONE, Samples.BROWSER));
        Random random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] content = good.clone();
            for (int changes = random.nextInt(4) + 1; changes > 0; changes--) {
                content[random.nextInt(content.length)] = (byte) random.nextInt();
            }
            try {
                contents.account(ALICE, content);
            } catch (DamagedRowException e) {
                refused++;
            }
        }
        assertThat(refused).isPositive();
    }
}
