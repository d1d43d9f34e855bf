/**
 * 256 common English words of three letters. With a space in front each is four bytes and, for the usual byte-pair
 * vocabularies, one token: a text of n words is 4n bytes and about n tokens for real and simulated engines alike.
 */
export const words: readonly string[] = (
  'act add age ago aid aim air all and ant any arc are arm art ask ate bad bag ban bar bat bay bed bee beg bet bid ' +
  'big bin bit bow box boy bug bus but buy cab can cap car cat cow cry cup cut dad dam day den did die dig dip dog ' +
  'dot dry due ear eat egg end era eye fan far fat fed fee few fit fix fly fog for fox fun fur gap gas gem get got ' +
  'gum guy gym had has hat her hid him hip his hit hop hot how hut ice ill ink ion its ivy jam jar jaw jet job jog ' +
  'joy jug key kid kin kit lab lap law lay led leg let lid lie lip lit log lot low mad man map mat max may men met ' +
  'mid mix mob mod mom mud mug nap net new nor not now nut oak odd off oil old one opt orb our out owe owl own pad ' +
  'pan pay pea pen pet pie pig pin pit pod pop pot put rag ram ran rat raw ray red rib rid rim rip rob rod row rub ' +
  'rug run sad sat saw say sea see set she shy sip sit six ski sky sly son spy sum sun tab tag tan tap tax tea ten ' +
  'the tie tin tip toe ton too top toy try tub two use van vet via vow was wax way web wet who why win wit won yes ' +
  'yet you zip zoo'
).split(' ')
