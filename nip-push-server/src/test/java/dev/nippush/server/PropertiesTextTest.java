package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.server.PropertiesText.Entry;
import java.io.StringReader;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PropertiesTextTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a=b",
                "a = b",
                "a:b",
                "a b",
                "  a   =  b",
                "a",
                "a=",
                "a=b=c",
                "a\\=b=c",
                "a\\ b=c",
                "a=b\\\n   c",
                "a=b\\\r\nc\r\nd=e",
                "a=b\\\\\nc=d",
                "# note\n! note\n\na=b",
                "a=\\u00e9\\t",
                "a=x\\y",
                "=b",
                "a=b\\",
                "a=b\rc=d",
                "a=1,\\\n  2,\\\n  3"
            })
    void readsWhatThePlatformReads(String text) throws Exception {
        Properties expected = new Properties();
        expected.load(new StringReader(text));

        Properties read = new Properties();
        PropertiesText.parse(text).forEach(entry -> read.setProperty(entry.key(), entry.value()));

        expected.replaceAll((key, value) -> value.toString().strip());
        assertThat(read).isEqualTo(expected);
    }

    @Test
    void countsLinesOverCommentsAndContinuations() throws Exception {
        assertThat(PropertiesText.parse("# one\n\na=1\\\n 2\\\n 3\r\nb=4\rc=5"))
                .containsExactly(new Entry(3, "a", "123"), new Entry(6, "b", "4"), new Entry(7, "c", "5"));
    }

    @Test
    void keepsBothOfTwoEqualKeys() throws Exception {
        assertThat(PropertiesText.parse("a=1\na=2")).containsExactly(new Entry(1, "a", "1"), new Entry(2, "a", "2"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a=\\u12", "a=\\u12g4", "a=\\u", "\\uxyz0=b"})
    void namesTheLineOfABrokenEscape(String text) {
        assertThatThrownBy(() -> PropertiesText.parse("x=y\n" + text))
                .isInstanceOfSatisfying(
                        PropertiesText.SyntaxException.class,
                        failure -> assertThat(failure.line()).isEqualTo(2));
    }
}
