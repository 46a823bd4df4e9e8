import java.util.HexFormat;
import javax.smartcardio.Card;
import javax.smartcardio.CardChannel;
import javax.smartcardio.CardTerminal;
import javax.smartcardio.CommandAPDU;
import javax.smartcardio.ResponseAPDU;
import javax.smartcardio.TerminalFactory;

/** Prints the ATR of the card in the terminal named first, then the response to each command that follows, in hex. */
public final class ReadCard {
    public static void main(String[] arguments) throws Exception {
        HexFormat hex = HexFormat.of().withUpperCase();
        for (CardTerminal terminal : TerminalFactory.getDefault().terminals().list()) {
            if (!terminal.getName().equals(arguments[0])) {
                continue;
            }
            Card card = terminal.connect("*");
            System.out.println(hex.formatHex(card.getATR().getBytes()));
            CardChannel channel = card.getBasicChannel();
            for (int i = 1; i < arguments.length; i++) {
                ResponseAPDU response = channel.transmit(new CommandAPDU(hex.parseHex(arguments[i])));
                System.out.println(hex.formatHex(response.getBytes()));
            }
            card.disconnect(true);
            return;
        }
        throw new IllegalArgumentException("no terminal " + arguments[0]);
    }
}
