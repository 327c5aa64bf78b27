// One process of `npm run campaign:days`: runs the site-days it is told, one after the other, until its parent lets it go.
import { type DayWish, runSiteDay } from './site-day.ts';

export type DayOrder = { readonly wish: DayWish; readonly build: string; readonly keepIn: string };

process.on('message', ({ wish, build, keepIn }: DayOrder) => {
  void runSiteDay(wish, build, keepIn).then((day) => process.send!(day));
});
// A terminal sends its interrupt to every process; the parent is the one that decides.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
